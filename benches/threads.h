/* The workloads of several threads: two of their own CPUs, producer and consumer, many on few CPUs. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "one_thread.h"

enum { MANY = 64, LINE = 64, PIECE = 16, PIECES = 32, LOOK_NS = 50000 };

struct worker {
	pthread_t thread;
	int cpu; /* as pin() counts; -1: any */
	unsigned int n;
	double for_ns; /* how long to run */
	double ns;     /* how long it ran */
	double cpu_ns; /* how long it had a CPU */
	long rounds;   /* how many pairs it made */
	long ousted;   /* how often it lost its CPU to somebody else meanwhile */
} __attribute__((aligned(LINE)));

static pthread_barrier_t start_line;

static ALWAYS_INLINE void pairs_into(void **p, unsigned int n, long count)
{
	while (count--) {
		get(p, n);
		used(p);
		put(p, n);
	}
}

static void some_pairs(void **p, unsigned int n, long count)
{
	if (n == 1)
		pairs_into(p, 1, count);
	else
		pairs_into(p, 256, count);
}

/* Warms up; how many pairs make it worth to look at the clock. The quickest piece counts: with more
 * threads than CPUs the others are mostly waiting. */
static long warm_up(void **p, unsigned int n)
{
	double quickest = LOOK_NS, begin = now_ns();

	for (int i = 0; i < PIECES && now_ns() - begin < WARM_NS; i++) {
		double start = now_ns(), ns;

		some_pairs(p, n, PIECE);
		ns = now_ns() - start;
		quickest = ns < quickest ? ns : quickest;
	}
	return (long)(LOOK_NS / (quickest + 1) * PIECE) + 1;
}

static double thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static long times_ousted(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw;
}

static void *work(void *data)
{
	struct worker *me = data;
	void *p[256];
	double start, cpu_start;
	long worth;

	if (me->cpu >= 0)
		pin(me->cpu);
	else
		unpin();
	contender_thread_init();
	worth = warm_up(p, me->n);
	pthread_barrier_wait(&start_line);
	me->ousted = times_ousted();
	start = now_ns();
	cpu_start = thread_cpu_ns();
	for (me->rounds = 0; (me->ns = now_ns() - start) < me->for_ns; me->rounds += worth)
		some_pairs(p, me->n, worth);
	me->cpu_ns = thread_cpu_ns() - cpu_start;
	me->ousted = times_ousted() - me->ousted;
	contender_thread_exit();
	return NULL;
}

/* Lets workers run for a time, and sleeps meanwhile. */
static void run_workers(struct worker *workers, unsigned int nr, double ns)
{
	pthread_barrier_init(&start_line, NULL, nr);
	for (unsigned int i = 0; i < nr; i++) {
		workers[i].for_ns = ns;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			die("pthread_create");
	}
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&start_line);
}

static double rate(const struct worker *worker)
{
	return (double)worker->rounds * worker->n / worker->ns;
}

struct attempt {
	double speedup, ns;
	bool ousted;
};

/* One on the first CPU, one on the second, then both at once. */
static struct attempt attempt_two(unsigned int n, double phase)
{
	struct worker w[2] = { { .cpu = 0, .n = n }, { .cpu = 1, .n = n } };
	double alone, both;
	long ousted;

	run_workers(&w[0], 1, phase);
	run_workers(&w[1], 1, phase);
	alone = (rate(&w[0]) + rate(&w[1])) / 2;
	ousted = w[0].ousted + w[1].ousted;
	run_workers(w, 2, phase);
	both = rate(&w[0]) + rate(&w[1]);
	ousted += w[0].ousted + w[1].ousted;
	return (struct attempt){ both / alone, 2 / both, ousted != 0 };
}

/* The median of some attempts in which no thread lost its CPU to another process; of all attempts if
 * the machine is too busy for that, and then "disturbed" says so. */
static void run_two(unsigned int n)
{
	enum { WANT = 5, TRIES = 10 };
	double speedup[2][TRIES], ns[2][TRIES];
	int nr[2] = { 0 };

	for (int i = 0; i < TRIES && nr[false] < WANT; i++) {
		struct attempt a = attempt_two(n, measure_ns / WANT);

		speedup[a.ousted][nr[a.ousted]] = a.speedup;
		ns[a.ousted][nr[a.ousted]++] = a.ns;
	}
	bool which = nr[false] == 0;

	result("speedup", quantile(speedup[which], (size_t)nr[which], 0.5));
	result("ns", quantile(ns[which], (size_t)nr[which], 0.5)); /* of a thread, while both run */
	result("disturbed", which);
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
enum { RING = 8, STRETCH = 32, STRETCHES_MAX = 10000, STRETCHES_MIN = 5 };
static void *ring_slot[RING][256] __attribute__((aligned(LINE)));
static atomic_bool stop __attribute__((aligned(LINE)));
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
	pthread_barrier_wait(&start_line);
	for (unsigned long i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
		while (i - atomic_load_explicit(&ring.emptied, memory_order_acquire) == RING) {
			if (atomic_load_explicit(&stop, memory_order_relaxed))
				goto out;
			relax();
		}
		get(ring_slot[i % RING], n);
		atomic_store_explicit(&ring.filled, i + 1, memory_order_release);
	}
out:
	contender_thread_exit();
	return NULL;
}

/* Some arrays in a row. */
static ALWAYS_INLINE void consume(unsigned long *i, unsigned int n, unsigned int arrays)
{
	for (; arrays--; ++*i) {
		while (*i == atomic_load_explicit(&ring.filled, memory_order_acquire))
			relax();
		put(ring_slot[*i % RING], n);
		atomic_store_explicit(&ring.emptied, *i + 1, memory_order_release);
	}
}

/* The main thread consumes, and keeps the time of each stretch: the median is hardly one in which either
 * of the two was without its CPU. */
static void run_producer_consumer(unsigned int n)
{
	static double stretch[STRETCHES_MAX];
	pthread_t producer;
	unsigned long i = 0;
	size_t nr = 0;
	double end;

	pin(1);
	pthread_barrier_init(&start_line, NULL, 2);
	if (pthread_create(&producer, NULL, produce, &n) != 0)
		die("pthread_create");
	pthread_barrier_wait(&start_line); /* it began on this CPU */
	for (end = now_ns() + 2 * WARM_NS; now_ns() < end;)
		consume(&i, n, STRETCH);
	for (end = now_ns() + measure_ns; nr < STRETCHES_MIN || (nr < STRETCHES_MAX && now_ns() < end);) {
		double start = now_ns();

		consume(&i, n, STRETCH);
		stretch[nr++] = (now_ns() - start) / STRETCH / n;
	}
	stop = true;
	pthread_join(producer, NULL);
	result("ns", quantile(stretch, nr, 0.5));
}

#endif
