/* The allocation alone: how long a write's 256 pages take to get and to give back, in nanoseconds. One process
 * measures one way, so that nothing another one left behind matters.
 *
 * stage WAY [PAGES]	prints one number, the median over batches */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"

enum { BATCHES = 101, BATCH_NS = 2000000 };

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of one pair, from as many as asked for. */
static double pairs(unsigned int nr, unsigned int count)
{
	static struct memory memory;
	double start = now_ns();

	for (unsigned int i = 0; i < count; i++) {
		if (memory_get(&memory, nr) != 0)
			exit(1);
		memory_put(&memory);
	}
	return (now_ns() - start) / count;
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 2 ? (unsigned int)atoi(argv[2]) : MEMORY_MAX_PAGES, count;
	double ns[BATCHES];

	if (argc < 2 || memory_choose(argv[1]) != 0 || nr < 1 || nr > MEMORY_MAX_PAGES) {
		fprintf(stderr, "usage: stage WAY [PAGES, 1 to 256]\n");
		return 2;
	}
	if (memory_setup(MEMORY_MAX_PAGES, 0) != 0)
		return 1;
	count = 1 + (unsigned int)(BATCH_NS / pairs(nr, 10));
	for (int i = 0; i < BATCHES; i++)
		ns[i] = pairs(nr, count);
	qsort(ns, BATCHES, sizeof(*ns), by_value);
	printf("%.9g\n", ns[BATCHES / 2]);
	return memory_exit() == 0 ? 0 : 1;
}
