/* The workloads of several threads: two of their own CPUs, producer and consumer, many on few CPUs. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "one_thread.h"

enum { MANY = 64, LINE = 64 };

struct worker {
	pthread_t thread;
	int cpu; /* as pin() counts; -1: any */
	unsigned int n;
	double ns;     /* how long it ran */
	double cpu_ns; /* how long it had a CPU */
	long rounds;   /* how many pairs it made */
} __attribute__((aligned(LINE)));

static pthread_barrier_t start_line;
static atomic_bool stop __attribute__((aligned(LINE)));

static ALWAYS_INLINE long pairs_until_stop(void **p, unsigned int n)
{
	long rounds = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		for (int i = 0; i < 64; i++) {
			get(p, n);
			used(p);
			put(p, n);
		}
		rounds += 64;
	}
	return rounds;
}

static double thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *work(void *data)
{
	struct worker *me = data;
	void *p[256];
	double start, cpu_start;

	if (me->cpu >= 0)
		pin(me->cpu);
	else
		unpin();
	contender_thread_init();
	start = now_ns();
	for (int i = 0; i < 500 && now_ns() - start < WARM_NS; i++) {
		get(p, me->n);
		used(p);
		put(p, me->n);
	}
	pthread_barrier_wait(&start_line);
	start = now_ns();
	cpu_start = thread_cpu_ns();
	me->rounds = me->n == 1 ? pairs_until_stop(p, 1) : pairs_until_stop(p, 256);
	me->cpu_ns = thread_cpu_ns() - cpu_start;
	me->ns = now_ns() - start;
	contender_thread_exit();
	return NULL;
}

/* Lets workers run for a time. */
static void run_workers(struct worker *workers, unsigned int nr, double ns)
{
	stop = false;
	pthread_barrier_init(&start_line, NULL, nr + 1);
	for (unsigned int i = 0; i < nr; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			die("pthread_create");
	pthread_barrier_wait(&start_line);
	sleep_ns(ns);
	stop = true;
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&start_line);
}

static double rate(const struct worker *worker)
{
	return (double)worker->rounds * worker->n / worker->ns;
}

/* One on the first CPU, one on the second, both at once; again and again, so that a slow moment of the
 * machine does not hit one of the three only. */
static void run_two(unsigned int n)
{
	enum { TIMES = 5 };
	double speedup[TIMES], ns[TIMES], phase = measure_ns / TIMES;

	for (int i = 0; i < TIMES; i++) {
		struct worker w[2] = { { .cpu = 0, .n = n }, { .cpu = 1, .n = n } };
		double alone;

		run_workers(&w[0], 1, phase);
		run_workers(&w[1], 1, phase);
		alone = (rate(&w[0]) + rate(&w[1])) / 2;
		run_workers(w, 2, phase);
		speedup[i] = (rate(&w[0]) + rate(&w[1])) / alone;
		ns[i] = 2 / (rate(&w[0]) + rate(&w[1]));
	}
	result("speedup", quantile(speedup, TIMES, 0.5));
	result("ns", quantile(ns, TIMES, 0.5)); /* of a thread, while both run */
}

static double cpu_ns_a_page(const struct worker *workers, unsigned int nr)
{
	double ns = 0, pages = 0;

	for (unsigned int i = 0; i < nr; i++) {
		ns += workers[i].cpu_ns;
		pages += (double)workers[i].rounds * workers[i].n;
	}
	return ns / pages;
}

/* CPU time a page with many threads on all CPUs, against one thread. */
static void run_many(unsigned int n)
{
	static struct worker w[MANY];
	double one, many;

	for (int i = 0; i < MANY; i++)
		w[i] = (struct worker){ .cpu = -1, .n = n };
	run_workers(w, 1, measure_ns);
	one = cpu_ns_a_page(w, 1);
	run_workers(w, MANY, 6 * measure_ns);
	many = cpu_ns_a_page(w, MANY);
	result("ns", many);
	result("growth", many / one);
}

/* A ring of arrays between one producer, which gets the pages, and one consumer, which puts them. */
enum { RING = 8 };
static void *ring_slot[RING][256];
static struct {
	_Alignas(LINE) atomic_ulong filled;
	_Alignas(LINE) atomic_ulong emptied;
} ring;

static ALWAYS_INLINE void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void *produce(void *data)
{
	unsigned int n = *(unsigned int *)data;

	pin(0);
	contender_thread_init();
	for (unsigned long i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
		while (i - atomic_load_explicit(&ring.emptied, memory_order_acquire) == RING)
			relax();
		get(ring_slot[i % RING], n);
		atomic_store_explicit(&ring.filled, i + 1, memory_order_release);
	}
	contender_thread_exit();
	return NULL;
}

static void *consume(void *data)
{
	unsigned int n = *(unsigned int *)data;

	pin(1);
	contender_thread_init();
	for (unsigned long i = 0;; i++) {
		while (i == atomic_load_explicit(&ring.filled, memory_order_acquire)) {
			if (atomic_load_explicit(&stop, memory_order_relaxed))
				goto out;
			relax();
		}
		put(ring_slot[i % RING], n);
		atomic_store_explicit(&ring.emptied, i + 1, memory_order_release);
	}
out:
	contender_thread_exit();
	return NULL;
}

static void run_producer_consumer(unsigned int n)
{
	enum { WINDOWS = 9, AT_LEAST_NS = 5000000 };
	pthread_t producer, consumer;
	double window[WINDOWS], ns = measure_ns / WINDOWS;

	if (pthread_create(&producer, NULL, produce, &n) != 0 || pthread_create(&consumer, NULL, consume, &n) != 0)
		die("pthread_create");
	sleep_ns(2 * WARM_NS);
	for (int i = 0; i < WINDOWS; i++) {
		unsigned long before = ring.emptied;
		double start = now_ns();

		sleep_ns(ns > AT_LEAST_NS ? ns : AT_LEAST_NS);
		window[i] = (now_ns() - start) / (double)(ring.emptied - before) / n;
	}
	stop = true;
	/* The producer first: it may be waiting for room, which the consumer still makes. */
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	result("ns", quantile(window, WINDOWS, 0.5));
}

#endif
