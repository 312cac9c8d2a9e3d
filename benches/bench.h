/* What every contender and every workload of the benchmark shares: the clock, CPUs, results.
 *
 * A contender is a C file that defines
 *	struct need			(below) what the workload will hold at most
 *	contender_init(need)		once, before anything else
 *	contender_thread_init()		in each further thread, before its first call
 *	contender_thread_exit()		in each further thread, after its last
 *	get(p, n), get_zeroed(p, n)	n pages into p[0 .. n), with all that a caller must do for that
 *	put(p, n)			the pages back
 *	address(p, i)			where the memory of page i is
 * and then includes main.h. So the compiler may inline what a user of the contender would have inlined,
 * and no function pointer stands between a loop and the contender. One process measures one contender
 * with one workload: nothing that another allocator left behind can matter.
 *
 * Knows nothing of any contender. Linux only. */
#ifndef BENCH_H
#define BENCH_H

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { PAGE_BYTES = 4096, N_MAX = 1024 };

struct need {
	unsigned int pages;   /* held at once, by all threads together */
	unsigned int threads; /* that allocate or free; 0: one, and not a page more than it holds */
};

static cpu_set_t allowed_cpus;

static inline void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* For results that a caller of the contender has to look at. */
static ALWAYS_INLINE void must(int ok)
{
	if (__builtin_expect(!ok, 0))
		die("no page");
}

static inline double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The compiler must believe that the caller reads and writes what p points to. */
static ALWAYS_INLINE void used(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* One line of output: the coordinator collects them. */
static inline void result(const char *name, double value)
{
	printf("%s %.9g\n", name, value);
}

static inline int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static inline double quantile(double *values, size_t nr, double q)
{
	qsort(values, nr, sizeof(*values), compare_doubles);
	return values[(size_t)(q * (double)(nr - 1) + 0.5)];
}

/* The which-th CPU that this process may use, counted from the last one: the first gets most interrupts. */
static inline int nth_cpu(int which)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &allowed_cpus) && which-- == 0)
			return cpu;
	return -1;
}

static inline void pin(int which)
{
	cpu_set_t set;
	int cpu = nth_cpu(which);

	if (cpu < 0)
		die("not enough CPUs");
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		die("sched_setaffinity");
}

static inline void unpin(void)
{
	if (sched_setaffinity(0, sizeof(allowed_cpus), &allowed_cpus) != 0)
		die("sched_setaffinity");
}

static inline void sleep_ns(double ns)
{
	struct timespec ts = { (time_t)(ns / 1e9), 0 };

	ts.tv_nsec = (long)(ns - (double)ts.tv_sec * 1e9);
	nanosleep(&ts, NULL);
}

#endif
