/* The workloads of one thread, pinned: pairs of "get n pages" and "put n pages", in several shapes.
 * Every loop is timed in batches of at least a millisecond; the result is the median batch. */
#ifndef ONE_THREAD_H
#define ONE_THREAD_H

#include "bench.h"

enum { OUTSTANDING = 64, BATCHES_MAX = 4096, WARM_NS = 10000000, BATCH_NS = 1000000 };

/* How long to measure, once warm. */
static double measure_ns = 60e6;

static void *slots[N_MAX] __attribute__((aligned(64))), *shuffled[N_MAX] __attribute__((aligned(64)));
static unsigned int order[N_MAX];

/* A loop of count rounds over n pages. */
typedef void loop_fn(unsigned int n, long count);

static ALWAYS_INLINE void pairs(unsigned int n, long count)
{
	while (count--) {
		get(slots, n);
		used(slots);
		put(slots, n);
	}
}

/* With n known to the compiler, as in a program that always asks for as many. */
static void same_order(unsigned int n, long count)
{
	switch (n) {
	case 1: pairs(1, count); break;
	case 8: pairs(8, count); break;
	case 32: pairs(32, count); break;
	case 256: pairs(256, count); break;
	case 1024: pairs(1024, count); break;
	default: die("no such n");
	}
}

static ALWAYS_INLINE void shuffle(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		shuffled[i] = slots[order[i]];
	used(shuffled);
}

/* Time inside a loop that is not to count, and what reading the clock costs. */
static double left_out, clock_ns;

static void scattered(unsigned int n, long count)
{
	while (count--) {
		double start;

		get(slots, n);
		used(slots);
		start = now_ns();
		shuffle(n);
		left_out += now_ns() - start + clock_ns;
		put(shuffled, n);
	}
}

static void nothing(unsigned int n, long count)
{
	(void)n;
	(void)count;
}

static void zeroed(unsigned int n, long count)
{
	while (count--) {
		get_zeroed(slots, n);
		used(slots);
		for (unsigned int i = 0; i < n; i++)
			*(volatile char *)address(slots, i) = 1;
		put(slots, n);
	}
}

/* A ring of buffers: get a new one, put the oldest. */
static void outstanding(unsigned int n, long count)
{
	static void *ring[OUTSTANDING + 1][256];
	static unsigned int head, filled;

	while (count--) {
		get(ring[head], n);
		used(ring[head]);
		head = (head + 1) % (OUTSTANDING + 1);
		if (filled < OUTSTANDING)
			filled++;
		else
			put(ring[head], n);
	}
}

static double timed(loop_fn *loop, unsigned int n, long count)
{
	double start = now_ns();

	left_out = 0;
	loop(n, count);
	return now_ns() - start - left_out;
}

static double ns_a_page(loop_fn *loop, unsigned int n)
{
	static double batch[BATCHES_MAX];
	double end, t;
	size_t nr = 0;
	long count = 1;

	while ((t = timed(loop, n, count)) < BATCH_NS)
		count *= 2;
	for (end = now_ns() + WARM_NS; now_ns() < end;)
		loop(n, count);
	for (end = now_ns() + measure_ns; nr < 3 || (now_ns() < end && nr < BATCHES_MAX);)
		batch[nr++] = timed(loop, n, count) / (double)count / n;
	return quantile(batch, nr, 0.5);
}

static void run_same(unsigned int n)
{
	result("ns", ns_a_page(same_order, n));
}

static void run_scattered(unsigned int n)
{
	unsigned long long x = 88172645463325252ull; /* a fixed order: xorshift, Fisher-Yates */
	double reading[1001];

	for (int i = 0; i < 1001; i++)
		reading[i] = timed(nothing, n, 1);
	clock_ns = quantile(reading, 1001, 0.5);
	for (unsigned int i = 0; i < n; i++)
		order[i] = i;
	for (unsigned int i = n - 1; i > 0; i--) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned int j = (unsigned int)(x % (i + 1)), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
	result("ns", ns_a_page(scattered, n));
}

static void run_zeroed(unsigned int n)
{
	result("ns", ns_a_page(zeroed, n));
}

static void run_outstanding(unsigned int n)
{
	outstanding(n, 2 * OUTSTANDING); /* every buffer's memory is there now */
	result("ns", ns_a_page(outstanding, n));
}

/* Single pairs, each timed by itself: a reading of the clock is in every sample, the floor's too. */
static void run_latency(unsigned int n)
{
	enum { SAMPLES = 50000, AT_LEAST = 500 };
	static double sample[SAMPLES];
	size_t nr = 0;

	for (double end = now_ns() + WARM_NS; now_ns() < end;)
		same_order(n, 1);
	for (double end = now_ns() + 4 * measure_ns; nr < SAMPLES && (nr < AT_LEAST || now_ns() < end);)
		sample[nr++] = timed(same_order, n, 1);
	result("p50", quantile(sample, nr, 0.5));
	result("p99", quantile(sample, nr, 0.99));
}

#endif
