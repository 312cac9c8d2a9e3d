/* The end of every contender: whole-process workloads, the table of all workloads, and main().
 * usage: contender WORKLOAD [MILLISECONDS]; prints lines of "name value". */
#ifndef BENCH_MAIN_H
#define BENCH_MAIN_H

#include <sys/resource.h>
#include <unistd.h>

#include "threads.h"

enum { GIB_PAGES = 1 << 18, STEADY_PAIRS = 1000000 };

/* Counts calls when count_malloc.c is linked in; stays 0 where malloc is the contender. */
unsigned long malloc_calls __attribute__((weak));

static double resident_bytes(void)
{
	char line[256];
	double kib = -1;
	FILE *f = fopen("/proc/self/smaps_rollup", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Rss:", 4) == 0)
			kib = strtod(line + 4, NULL);
	if (f)
		fclose(f);
	if (kib < 0)
		die("no smaps_rollup");
	return kib * 1024;
}

/* Every mapping that may be written to. */
static double writable_bytes(void)
{
	char line[512];
	double bytes = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (strstr(line, " rw") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			bytes += (double)(end - start);
	}
	if (f)
		fclose(f);
	return bytes;
}

static void **many_slots;

/* Readings from before the contender was set up. */
static double resident_before, writable_before;

static void before_memory(unsigned int pages)
{
	many_slots = malloc(pages * sizeof(*many_slots));
	if (!many_slots)
		die("malloc");
	memset(many_slots, 1, pages * sizeof(*many_slots));
	resident_before = resident_bytes();
	writable_before = writable_bytes();
}

/* Memory beside so many pages that are all held and written to. Two sizes tell what a page costs and
 * what the contender does by itself. */
static void hold(unsigned int pages, unsigned int n)
{
	double bytes = (double)pages * PAGE_BYTES;

	for (unsigned int i = 0; i < pages; i += n) {
		get(many_slots + i, n);
		for (unsigned int j = 0; j < n; j++)
			memset(address(many_slots + i, j), 1, 8);
	}
	result("resident", resident_bytes() - resident_before - bytes);
	result("writable", writable_bytes() - writable_before - bytes);
}

static void run_memory_512m(unsigned int n)
{
	hold(GIB_PAGES / 2, n);
}

static void run_memory_1g(unsigned int n)
{
	hold(GIB_PAGES, n);
}

/* A million pairs: nothing may fault, call malloc or enter the kernel. strace counts the calls between
 * the two of getppid. */
static void run_steady(unsigned int n)
{
	void *volatile piece = malloc(1);
	struct rusage before, after;
	unsigned long mallocs;

	free(piece);
	getppid(); /* the dynamic linker looks it up now */
	if (malloc_calls == 0)
		die("malloc is not counted");
	same_order(n, 1000);
	getrusage(RUSAGE_SELF, &before);
	mallocs = malloc_calls;
	getppid();
	same_order(n, STEADY_PAIRS);
	getppid();
	mallocs = malloc_calls - mallocs;
	getrusage(RUSAGE_SELF, &after);
	result("faults", (double)(after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt));
	result("mallocs", (double)mallocs);
}

static const struct workload {
	const char *name;
	unsigned int n;
	struct need need;
	void (*run)(unsigned int n);
} workloads[] = {
	{ "same1", 1, { 1, 1 }, run_same },
	{ "same8", 8, { 8, 1 }, run_same },
	{ "same32", 32, { 32, 1 }, run_same },
	{ "same256", 256, { 256, 1 }, run_same },
	{ "same1024", 1024, { 1024, 1 }, run_same },
	{ "scattered", 256, { 256, 1 }, run_scattered },
	{ "outstanding", 256, { 256 * (OUTSTANDING + 1), 1 }, run_outstanding },
	{ "latency", 256, { 256, 1 }, run_latency },
	{ "zeroed", 256, { 256, 1 }, run_zeroed },
	{ "two1", 1, { 2, 3 }, run_two },
	{ "two256", 256, { 2 * 256, 3 }, run_two },
	{ "pipe", 256, { (RING + 2) * 256, 2 }, run_producer_consumer },
	{ "many", 1, { MANY, MANY + 1 }, run_many },
	{ "memory-512m", 256, { GIB_PAGES / 2, 0 }, run_memory_512m },
	{ "memory-1g", 256, { GIB_PAGES, 0 }, run_memory_1g },
	{ "steady", 32, { 32, 1 }, run_steady },
};

int main(int argc, char **argv)
{
	if (argc > 2)
		measure_ns = strtod(argv[2], NULL) * 1e6;
	if (sched_getaffinity(0, sizeof(allowed_cpus), &allowed_cpus) != 0)
		die("sched_getaffinity");
	for (size_t i = 0; argc > 1 && i < sizeof(workloads) / sizeof(*workloads); i++) {
		const struct workload *w = &workloads[i];

		if (strcmp(w->name, argv[1]) != 0)
			continue;
		if (w->run == run_memory_512m || w->run == run_memory_1g)
			before_memory(w->need.pages);
		pin(0);
		contender_init(w->need);
		w->run(w->n);
		return 0;
	}
	fprintf(stderr, "usage: %s WORKLOAD [MILLISECONDS]\n", argv[0]);
	return 2;
}

#endif
