/* How long requests sleep: this library's pools against a plain pool by the kernel's rule, in one
 * program. The sources give nothing, so all elements come from the reserve.
 *
 *     cc -O2 -o latency benches/latency.c $(pkg-config --cflags --libs mempool_bulk) -pthread
 *     ./latency [seconds a row, default 3]
 *
 * Counted are requests that a first try without sleeping could not serve. */
#include <mempool_bulk.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 256, SAMPLES = 1 << 20 };

/* The plain pool: take all or wait, and every free wakes everybody. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	void *elements[MOST];
	int curr_nr;
} plain = { .lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER };

static mempool_t pool;
static bool source_works;

static void *source(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	return source_works ? malloc(16) : NULL;
}

static void sink(void *element, void *data)
{
	(void)data;
	free(element);
}

static bool plain_take(bool wait, int nr, void **e)
{
	pthread_mutex_lock(&plain.lock);
	while (plain.curr_nr < nr && wait) {
		pthread_cond_wait(&plain.freed, &plain.lock);
		pthread_mutex_unlock(&plain.lock);
		/* The kernel asks the source again before the reserve. */
		if ((e[0] = source(GFP_KERNEL, NULL)))
			abort();
		pthread_mutex_lock(&plain.lock);
	}
	if (plain.curr_nr < nr) {
		pthread_mutex_unlock(&plain.lock);
		return false;
	}
	plain.curr_nr -= nr;
	memcpy(e, plain.elements + plain.curr_nr, (size_t)nr * sizeof(*e));
	pthread_mutex_unlock(&plain.lock);
	return true;
}

static void plain_give(int nr, void **e)
{
	pthread_mutex_lock(&plain.lock);
	memcpy(plain.elements + plain.curr_nr, e, (size_t)nr * sizeof(*e));
	plain.curr_nr += nr;
	pthread_mutex_unlock(&plain.lock);
	pthread_cond_broadcast(&plain.freed);
}

static bool ours_take(bool wait, int nr, void **e)
{
	memset(e, 0, (size_t)nr * sizeof(*e));
	if (nr == 1)
		return (e[0] = mempool_alloc(&pool, wait ? GFP_KERNEL : GFP_NOWAIT)) != NULL;
	return mempool_alloc_pages_bulk_array(&pool, wait ? GFP_KERNEL : GFP_NOWAIT, (unsigned int)nr, (struct page **)e);
}

static void ours_give(int nr, void **e)
{
	mempool_bulk_free_pages(&pool, (struct page **)e, (unsigned int)nr);
}

static const struct rule {
	const char *name;
	bool (*take)(bool wait, int nr, void **e);
	void (*give)(int nr, void **e);
} rules[] = { { "kernel's rule", plain_take, plain_give }, { "this library", ours_take, ours_give } };

static const struct load {
	const char *name;
	int min_nr, threads, nr, large; /* large: what thread 0 asks for; 0: as the others */
} loads[] = {
	{ "8 threads, 1 of 4", 4, 8, 1, 0 },
	{ "8 threads, 16 of 32", 32, 8, 16, 0 },
	{ "64 threads, 1 of 16", 16, 64, 1, 0 },
	{ "1 of 256 among 8 threads that ask for 1 of 256: the large one", 256, 9, 1, 256 },
	{ "                                                 the others", 256, 9, 1, -256 },
};

static const struct rule *rule;
static const struct load *load;
static atomic_bool stop;
static uint32_t *samples;
static atomic_int nr_samples, served;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void note(uint64_t ns)
{
	int at = atomic_fetch_add(&nr_samples, 1);

	if (at < SAMPLES)
		samples[at] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static void *worker(void *arg)
{
	bool first = (uintptr_t)arg == 0;
	int nr = first && load->large ? abs(load->large) : load->nr;
	bool counted = load->large == 0 || (load->large > 0) == first;
	void *e[MOST];

	while (!stop) {
		if (!rule->take(false, nr, e)) {
			uint64_t start = now_ns();

			rule->take(true, nr, e);
			if (counted)
				note(now_ns() - start);
		}
		served += counted;
		sched_yield(); /* work, during which others run */
		rule->give(nr, e);
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double at(double share)
{
	int n = nr_samples < SAMPLES ? nr_samples : SAMPLES;

	return n ? samples[(int)(share * (n - 1))] / 1000.0 : 0;
}

static void run(unsigned int seconds)
{
	struct timespec t = { .tv_sec = seconds };
	pthread_t threads[64];

	source_works = true;
	if (mempool_init(&pool, load->min_nr, source, sink, NULL) != 0)
		abort();
	for (plain.curr_nr = 0; plain.curr_nr < load->min_nr; plain.curr_nr++)
		plain.elements[plain.curr_nr] = malloc(16);
	source_works = stop = false;
	nr_samples = served = 0;
	for (uintptr_t i = 0; i < (uintptr_t)load->threads; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)i) != 0)
			abort();
	nanosleep(&t, NULL);
	stop = true;
	for (int i = 0; i < load->threads; i++)
		pthread_join(threads[i], NULL);
	qsort(samples, (size_t)(nr_samples < SAMPLES ? nr_samples : SAMPLES), sizeof(*samples), by_value);
	printf("| %-13s | %8d | %8d | %8.1f | %8.1f | %8.1f | %9.1f |\n", rule->name, served / (int)seconds,
	       nr_samples, at(0.5), at(0.99), at(0.999), at(1));
	mempool_exit(&pool);
	while (plain.curr_nr)
		free(plain.elements[--plain.curr_nr]);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)atoi(argv[1]) : 3;

	samples = malloc(SAMPLES * sizeof(*samples));
	if (!samples || seconds == 0)
		return 1;
	for (load = loads; load < loads + sizeof(loads) / sizeof(*loads); load++) {
		printf("%s\n| %-13s | per s    | slept    | p50 us   | p99      | p99.9    | max       |\n", load->name, "");
		for (rule = rules; rule < rules + 2; rule++)
			run(seconds);
	}
	free(samples);
	return 0;
}
