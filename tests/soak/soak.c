/* A soak: soak SECONDS SEED. Threads, signals, forks, resizes, trims and a small limit at once, in rounds of some
 * seconds; at the end of each all pages are given back and every one must be found. Ends with the figures. */
#include "soak.h"
#include <fcntl.h>
#include <signal.h>

enum { ROUND_S = 20, HANG_S = 60 };

struct counts counts;
mempool_t pools[POOLS];
atomic_bool stopping;
atomic_uint tide;
uint64_t seed;

static long now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s (seed %llu)\n", file, line, what, (unsigned long long)seed);
	mempool_bulk_dump(2);
	abort();
}

static void on_report(enum mempool_bulk_report kind, const char *text, void *data)
{
	(void)data;
	/* What fills a pool's reserve says so when there is no memory. Nothing else that is reported can happen here. */
	if (strncmp(text, "page allocation failure", 23) == 0)
		return;
	fprintf(stderr, "report: %s\n", text);
	failed(__FILE__, __LINE__, kind == MEMPOOL_BULK_REPORT_BUG ? "a BUG" : "a WARN");
}

static void set_up(void)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	/* Whom nobody wakes does not wake by himself: the watchdog finds him. */
	config.wait_timeout_ms = 3600000;
	config.limit_bytes = LIMIT_PAGES * PAGE_SIZE;
	CHECK(mempool_bulk_configure(&config) == 0);
	mempool_bulk_set_report_handler(on_report, NULL);
	CHECK(mempool_bulk_register_shrinker(&shrinker) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void make_pools(void)
{
	for (int i = 0; i < BULK_POOLS; i++)
		CHECK(mempool_init_pages_bulk(&pools[i], 2 * ASK, NULL, NULL, NULL) == 0);
	CHECK(mempool_init_page_pool(&pools[BULK_POOLS], ASK, 0) == 0);
	CHECK(mempool_init_page_pool(&pools[POOLS - 1], ASK / 2, BLOCK_ORDER) == 0);
}

/* Everything was given back: so each page must be found, and as free. */
static void count_all(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	unsigned long held = 1, reserve = 1, free_now = 0, bad = 1;
	char text[16384] = "";
	const char *line;
	int fd[2];

	mempool_bulk_get_stats(&s);
	CHECK(pipe(fd) == 0 && mempool_bulk_dump(fd[1]) == 0 && read(fd[0], text, sizeof(text) - 1) > 0);
	close(fd[0]);
	close(fd[1]);
	CHECK((line = strstr(text, "states: ")) != NULL);
	CHECK(sscanf(line, "states: held %lu reserve %lu free %lu bad %lu", &held, &reserve, &free_now, &bad) == 4);
	CHECK(owned_pages() == 0 && s.pages_outstanding == 0 && s.pages_allocated == s.pages_freed);
	CHECK(held == 0 && reserve == 0 && bad == 0 && s.pages_bad == 0);
	CHECK(free_now == s.pages_committed && s.pages_free + s.pages_cached == s.pages_committed);
}

/* Before and after the system gets back what it can have: all but what is kept for urgent requests. The next round
 * begins with memory in order. */
static void account(void)
{
	unsigned long given;

	count_all();
	given = mempool_bulk_trim(0) / PAGE_SIZE;
	CHECK(given > 0);
	atomic_fetch_add(&counts.trimmed, given);
	count_all();
}

/* Signals the workers until the time is over, and sees that somebody gets on. */
static void disturb(pthread_t *workers, long until)
{
	static const unsigned int tides[] = { 8, 60, 300, HOLD };
	struct rng rng = rng_of(1000);
	unsigned long last = 0;
	long moved = now_s(), flood = moved + (until - moved) / 4;

	while (now_s() < until) {
		CHECK(pthread_kill(workers[rnd(&rng, WORKERS)], SIGUSR1) == 0);
		nap_us(rnd(&rng, 1500));
		if (now_s() >= flood && rnd(&rng, 500) == 0)
			tide = tides[rnd(&rng, 4)];
		if (counts.calls != last) {
			last = counts.calls;
			moved = now_s();
		}
		if (now_s() - moved > HANG_S)
			failed(__FILE__, __LINE__, "nobody gets on");
	}
}

/* Ends the program if the threads do not. */
static void *watchdog(void *arg)
{
	for (int i = 0; i < HANG_S * 10 && !*(atomic_bool *)arg; i++)
		nap_us(100000);
	if (!*(atomic_bool *)arg)
		failed(__FILE__, __LINE__, "the threads do not end");
	return NULL;
}

static void round_of(long until)
{
	void *(*const others[])(void *) = { resizer, trimmer, forker, faulter };
	enum { OTHERS = sizeof(others) / sizeof(*others) };
	pthread_t threads[WORKERS + OTHERS], dog;
	atomic_bool ended = false;
	sigset_t usr1;

	stopping = false;
	/* Low at first: once memory was short, reserves lie everywhere, and nothing can be given back. */
	tide = 8;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	make_pools();
	for (uintptr_t i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&threads[i], NULL, worker, (void *)i) == 0);
	/* fork must not be called where a signal handler allocates. */
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	for (uintptr_t i = 0; i < OTHERS; i++)
		CHECK(pthread_create(&threads[WORKERS + i], NULL, others[i], (void *)(WORKERS + i)) == 0);
	disturb(threads, until);
	CHECK(pthread_create(&dog, NULL, watchdog, &ended) == 0);
	stopping = true;
	for (int i = 0; i < WORKERS + OTHERS; i++)
		pthread_join(threads[i], NULL);
	ended = true;
	pthread_join(dog, NULL);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	for (int i = 0; i < POOLS; i++)
		mempool_exit(&pools[i]);
	mailbox_empty();
	account();
}

static void print_figures(unsigned int rounds)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	printf("%u rounds, each with every page found at its end: 0 pages lost\n", rounds);
	printf("%lu operations of the workers, %lu pages handed out and verified\n", counts.calls, counts.pages);
	printf("%lu requests without a page, %lu time limits reached, %lu requests queued, %lu of them cancelled\n",
	       counts.empty, counts.timeouts, counts.queued, counts.cancelled);
	printf("%lu forks, %lu signal handlers that allocate, %lu resizes, %lu trims of %lu pages, %lu pages shrunk, %lu times with faults\n",
	       counts.forks, counts.signals, counts.resizes, counts.trims, counts.trimmed, counts.shrunk, counts.faults);
	printf("%llu sleeps, %llu drains, %llu commits\n", (unsigned long long)s.waits, (unsigned long long)s.drains,
	       (unsigned long long)s.commits);
	fflush(stdout);
	/* A soak in which some of this never happened has not soaked. */
	CHECK(counts.forks && counts.signals && counts.resizes && counts.trimmed && counts.queued && counts.cancelled);
	CHECK(counts.timeouts && counts.shrunk && counts.faults && s.waits && s.drains);
}

int main(int argc, char **argv)
{
	long end = now_s() + (argc > 1 ? atol(argv[1]) : 10);
	unsigned int rounds = 0;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	set_up();
	do {
		long now = now_s();

		round_of(now + ROUND_S < end ? now + ROUND_S : end);
		rounds++;
		seed++;
	} while (now_s() < end);
	print_figures(rounds);
	return 0;
}
