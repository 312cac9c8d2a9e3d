/* How long does a page take when memory is out and every free page lies in some cache? 64 threads get
 * and put single pages all the time; one thread asks, without sleeping, until it is told NULL, and puts
 * everything back. A round's sample is its slowest request: the one that had to look everywhere.
 *
 * The asking thread runs with real-time priority if it may, so that the samples hold what it waits for
 * others and not its own turn in the run queue; "realtime 0" in the output says that it may not.
 * A NULL that came although pages were free somewhere is a round "missed": its time means nothing.
 * usage: drain [ROUNDS]; it ends after LIMIT_S seconds in any case, "rounds" says how far it came. */
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

enum { HOT = 64, PAGES = 4096, ROUNDS_MAX = 10000, LIMIT_S = 40 };

static atomic_bool stop;
static struct page *taken[PAGES];

static void *hot(void *data)
{
	(void)data;
	unpin();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct page *page = alloc_page(GFP_NOWAIT);

		if (page)
			__free_page(page);
	}
	return NULL;
}

/* Takes pages until there are none; the slowest request. */
static double take_all(unsigned int *nr)
{
	double slowest = 0;

	for (*nr = 0;; ++*nr) {
		double start = now_ns(), ns;
		struct page *page = alloc_page(GFP_NOWAIT);

		ns = now_ns() - start;
		slowest = ns > slowest ? ns : slowest;
		if (!page)
			return slowest;
		must(*nr < PAGES);
		taken[*nr] = page;
	}
}

static int be_realtime(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

static void set_up(void)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct page *page;

	config.limit_bytes = config.prealloc_bytes = (uint64_t)PAGES * PAGE_BYTES;
	if (mempool_bulk_configure(&config) != 0)
		die("mempool_bulk_configure");
	page = alloc_page(GFP_KERNEL);
	must(page != NULL);
	__free_page(page);
}

static uint64_t drains(void)
{
	struct mempool_bulk_stats stats = { .struct_size = sizeof(stats) };

	mempool_bulk_get_stats(&stats);
	return stats.drains;
}

int main(int argc, char **argv)
{
	static double sample[ROUNDS_MAX];
	size_t nr = 0, want = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : ROUNDS_MAX, missed = 0;
	/* What nobody may withhold: all but the emergency reserve and a page in each hot thread's hands. */
	unsigned int due = PAGES - PAGES / 128 - HOT, got, least = PAGES;
	pthread_t threads[HOT];
	double end;

	sched_getaffinity(0, sizeof(allowed_cpus), &allowed_cpus);
	set_up();
	for (int i = 0; i < HOT; i++)
		if (pthread_create(&threads[i], NULL, hot, NULL) != 0)
			die("pthread_create");
	result("realtime", be_realtime());
	for (end = now_ns() + LIMIT_S * 1e9; nr < want && nr < ROUNDS_MAX && now_ns() < end; nr++) {
		sleep_ns(50e3); /* the others' turn: they fill the caches again */
		sample[nr] = take_all(&got) / 1e3;
		missed += got < due;
		least = got < least ? got : least;
		release_pages(taken, (int)got);
	}
	stop = true;
	for (int i = 0; i < HOT; i++)
		pthread_join(threads[i], NULL);
	result("rounds", (double)nr);
	result("missed", (double)missed);
	result("due", due);
	result("least", least);
	result("drains", (double)drains());
	result("p50", quantile(sample, nr, 0.5));
	result("p99", quantile(sample, nr, 0.99));
	result("worst", sample[nr - 1]);
	return 0;
}
