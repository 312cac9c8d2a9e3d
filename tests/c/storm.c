/* The page cache under the worst that threads and signals can do to it: every page is found again. Run
 * over restartable sections and, with MEMPOOL_BULK_NO_RSEQ=1, over locks. */
#define _GNU_SOURCE
#include "check.h"
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

static atomic_int stop;
static atomic_ulong in_handler;

static unsigned int rnd(unsigned int *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

static int slow(void)
{
	return getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "valgrind") ? 20 : 1;
}

static void count_all(unsigned long expected)
{
	check_conserved();
	CHECK(outstanding() == expected);
}

/* A handler may allocate with GFP_ATOMIC and free; where a lock is busy it gets nothing, and what it frees
 * is found later. */
static void allocating_handler(int signo)
{
	struct page *p[9] = { NULL }, *q, *block;

	(void)signo;
	if ((q = alloc_page(GFP_ATOMIC | __GFP_NOWARN))) {
		memset(page_address(q), 0x5a, 64);
		__free_page(q);
	}
	alloc_pages_bulk(GFP_ATOMIC | __GFP_NOWARN, 9, p);
	release_pages(p, 9);
	if ((block = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 2)))
		__free_pages(block, 2);
	in_handler++;
}

static void *churn(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg, held = 0;
	struct page *p[300] = { NULL };

	while (!stop) {
		unsigned int n = 1 + rnd(&seed) % 300;

		held = (unsigned int)alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, n, p);
		for (unsigned int i = 0; i < held; i++)
			*(unsigned long *)page_address(p[i]) = page_to_pfn(p[i]);
		for (unsigned int i = 0; i < held; i++)
			CHECK(*(unsigned long *)page_address(p[i]) == page_to_pfn(p[i]));
		if (rnd(&seed) % 2) {
			release_pages(p, (int)held);
		} else {
			for (unsigned int i = 0; i < held; i++)
				__free_page(p[held - 1 - i]);
		}
		memset(p, 0, sizeof(p));
	}
	return NULL;
}

TEST(signal_storm_with_allocating_handlers)
{
	struct sigaction action = { .sa_handler = allocating_handler };
	pthread_t t[4];

	__free_page(alloc_page(GFP_KERNEL));
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	for (int i = 0; i < 40000 / slow(); i++) {
		pthread_kill(t[i % 4], SIGUSR1);
		if (i % 64 == 0)
			sched_yield();
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(in_handler > 100);
	count_all(0);
}

/* Each thread may hold its quota, and the quotas are all there is: nobody ever fails, wherever the others'
 * pages were a moment before. */
enum { QUOTA = 61, QUOTA_THREADS = 16, ARENA = QUOTA * QUOTA_THREADS };

static void *within_quota(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg, held = 0;
	struct page *p[QUOTA] = { NULL };

	for (int i = 0; i < 20000 / slow(); i++) {
		unsigned int n = rnd(&seed) % (QUOTA + 1);

		if (n > held) {
			CHECK(alloc_pages_bulk(GFP_KERNEL, n, p) == n);
		} else {
			release_pages(p + n, (int)(held - n));
			memset(p + n, 0, (held - n) * sizeof(*p));
		}
		held = n;
	}
	release_pages(p, (int)held);
	return NULL;
}

TEST(quotas_that_sum_exactly_to_the_arena_never_fail)
{
	pthread_t t[QUOTA_THREADS];

	/* A 128th is kept back for emergencies. */
	configure((ARENA + ARENA / 127) * 4096ull, 0);
	for (uintptr_t i = 0; i < QUOTA_THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, within_quota, (void *)(i + 1)) == 0);
	for (int i = 0; i < QUOTA_THREADS; i++)
		pthread_join(t[i], NULL);
	count_all(0);
}

static void *short_life(void *arg)
{
	struct page *p[70] = { NULL };

	CHECK(alloc_pages_bulk(GFP_KERNEL, 70, p) == 70);
	for (int i = 0; i < 70; i += 2) {
		__free_page(p[i]);
		p[i] = NULL;
	}
	release_pages(p, 70);
	return arg;
}

TEST(threads_come_and_go)
{
	pthread_t t[8];

	for (int round = 0; round < 400 / slow(); round++) {
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(&t[i], NULL, short_life, NULL) == 0);
		for (int i = 0; i < 8; i++)
			pthread_join(t[i], NULL);
	}
	count_all(0);
}

TEST(far_more_threads_than_cpus)
{
	enum { MANY = 200 };
	static pthread_t t[MANY];

	for (uintptr_t i = 0; i < MANY; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	nap_ms(1500);
	stop = 1;
	for (int i = 0; i < MANY; i++)
		pthread_join(t[i], NULL);
	count_all(0);
}

/* Threads that the scheduler takes off the CPU all the time: a hundred on one CPU, hopping to the other. */
static void *hop(void *arg)
{
	cpu_set_t set;

	for (int cpu = 0; !stop; cpu = !cpu) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
		short_life(arg);
		sched_yield();
	}
	return NULL;
}

TEST(preempted_and_moved_everywhere)
{
	enum { HOPPERS = 100 };
	static pthread_t t[HOPPERS];

	configure(HOPPERS * 70 * 4096ull * 2, 0);
	for (uintptr_t i = 0; i < HOPPERS; i++)
		CHECK(pthread_create(&t[i], NULL, hop, NULL) == 0);
	nap_ms(1500);
	stop = 1;
	for (int i = 0; i < HOPPERS; i++)
		pthread_join(t[i], NULL);
	count_all(0);
}

/* A section that is interrupted begins again, maybe where there are fewer pages: what it had written before
 * must not stay in the caller's array. */
static void *look_behind_the_result(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!stop) {
		struct page *p[63] = { NULL };
		unsigned int n = 8 + rnd(&seed) % 56;
		unsigned long got = alloc_pages_bulk(GFP_NOWAIT, n, p);

		for (unsigned int i = 0; i < 63; i++)
			CHECK((p[i] != NULL) == (i < got));
		release_pages(p, (int)got);
	}
	return NULL;
}

TEST(slots_behind_the_result_stay_null)
{
	enum { LOOKERS = 24 };
	pthread_t t[LOOKERS];

	configure(600 * 4096, 0);
	for (uintptr_t i = 0; i < LOOKERS; i++)
		CHECK(pthread_create(&t[i], NULL, look_behind_the_result, (void *)(i + 1)) == 0);
	nap_ms(slow() == 1 ? 4000 : 500);
	stop = 1;
	for (int i = 0; i < LOOKERS; i++)
		pthread_join(t[i], NULL);
	count_all(0);
}

TEST(no_rseq_in_the_environment_means_locks)
{
	char text[4096] = { 0 };
	int fd[2];

	setenv("MEMPOOL_BULK_NO_RSEQ", "1", 1);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(pipe(fd) == 0 && mempool_bulk_dump(fd[1]) == 0 && read(fd[0], text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "used under locks") != NULL);
}

TEST_MAIN()
