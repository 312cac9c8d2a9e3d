/* How long does a page take when memory is out and every free page lies in some cache? 64 threads get
 * and put single pages all the time; one thread asks, without sleeping, until it is told NULL, and puts
 * everything back. A round's sample is its slowest request: the one that had to look everywhere.
 *
 * The asking thread runs with real-time priority if it may, so that the samples hold what it waits for
 * others and not its own turn in the run queue; "realtime 0" in the output says that it may not.
 * A NULL that came although pages were free somewhere is a round "missed": its time means nothing.
 * "floor" is the same thread without the library, in turn with the rounds and each as long: it makes a drain's one system
 * call, which waits until each CPU has answered, and reads the clock; a sample is its slowest step. What the machine does to
 * both, a host that runs something else meanwhile, is in both.
 * usage: drain [ROUNDS]; it ends after LIMIT_S seconds in any case, "rounds" says how far it came. */
#include <linux/membarrier.h>
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

enum { HOT = 64, PAGES = 4096, ROUNDS_MAX = 10000, LIMIT_S = 60, OTHERS_NS = 200000 };

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

/* The slowest step of a thread that makes a drain's one system call and then reads the clock until `end`. */
static double nothing_until(double end)
{
	double last = now_ns(), slowest = 0, now;

	must(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0);
	do {
		now = now_ns();
		slowest = now - last > slowest ? now - last : slowest;
		last = now;
	} while (now < end);
	return slowest;
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
	static double sample[ROUNDS_MAX], floors[ROUNDS_MAX];
	size_t nr = 0, want = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : ROUNDS_MAX, missed = 0;
	/* What nobody may withhold: all but the emergency reserve and a page in each hot thread's hands. */
	unsigned int due = PAGES - PAGES / 128 - HOT, got, least = PAGES;
	pthread_t threads[HOT];
	double end, start, lasted;

	sched_getaffinity(0, sizeof(allowed_cpus), &allowed_cpus);
	set_up();
	must(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0);
	for (int i = 0; i < HOT; i++)
		if (pthread_create(&threads[i], NULL, hot, NULL) != 0)
			die("pthread_create");
	result("realtime", be_realtime());
	for (end = now_ns() + LIMIT_S * 1e9; nr < want && nr < ROUNDS_MAX && now_ns() < end; nr++) {
		/* The others' turn: they fill the caches again. Without it the system would stop real-time threads for long. */
		sleep_ns(OTHERS_NS);
		start = now_ns();
		sample[nr] = take_all(&got) / 1e3;
		lasted = now_ns() - start;
		release_pages(taken, (int)got);
		sleep_ns(OTHERS_NS);
		floors[nr] = nothing_until(now_ns() + lasted) / 1e3;
		missed += got < due;
		least = got < least ? got : least;
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
	result("floor_p50", quantile(floors, nr, 0.5));
	result("floor_p99", quantile(floors, nr, 0.99));
	result("floor_worst", floors[nr - 1]);
	return 0;
}
