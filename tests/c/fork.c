/* Fork while other threads are anywhere in the library: the child goes on with every pool. FORKS=n in the
 * environment makes it longer. */
#include "check.h"
#include <signal.h>
#include <sys/wait.h>

enum { MIN_NR = 32 };

static mempool_t own, counted;
static struct counter c;
static atomic_int stop;
static struct page *mine[MIN_NR]; /* the main thread's: with these the child fills the reserve */

static void *use_everything(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!stop) {
		struct page *p[MIN_NR] = { NULL }, *block;
		unsigned int n = 1 + (seed = seed * 1103515245u + 12345u) / 65536 % MIN_NR;
		void *e = mempool_alloc(&counted, GFP_KERNEL);

		CHECK(e && mempool_alloc_pages_bulk_array(&own, GFP_KERNEL, n, p));
		block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3);
		mempool_bulk_free_pages(&own, p, n);
		__free_pages(block, 3);
		mempool_free(e, &counted);
	}
	return NULL;
}

/* Takes as much as the reserve is to hold, then gives everything back. */
static void child_uses(mempool_t *pool)
{
	struct page *p[MIN_NR] = { NULL };
	void *e = mempool_alloc(&counted, GFP_KERNEL);

	CHECK(mempool_alloc_pages_bulk_array(pool, GFP_KERNEL, MIN_NR, p));
	for (int i = 0; i < MIN_NR; i++)
		memset(page_address(p[i]), i, PAGE_SIZE);
	mempool_bulk_free_pages(pool, p, MIN_NR);
	CHECK(e);
	mempool_free(e, &counted);
	check_conserved_but(true);
}

static void *child_thread(void *arg)
{
	child_uses(&own);
	return arg;
}

/* What other threads held is lost here; what this one holds is enough to go on with. */
static void child(void)
{
	pthread_t t;

	alarm(20);
	mempool_bulk_free_pages(&own, mine, MIN_NR);
	for (int i = 0; i < 4; i++)
		mempool_free(malloc(32), &counted);
	child_uses(&own);
	CHECK(pthread_create(&t, NULL, child_thread, NULL) == 0);
	pthread_join(t, NULL);
	_exit(0);
}

static int forks(void)
{
	if (getenv("FORKS"))
		return atoi(getenv("FORKS"));
	return getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "valgrind") ? 3 : 200;
}

static void fork_under_load(int threads)
{
	pthread_t t[16];

	for (uintptr_t i = 0; i < (uintptr_t)threads; i++)
		CHECK(pthread_create(&t[i], NULL, use_everything, (void *)(i + 1)) == 0);
	for (int i = 0; i < forks(); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child();
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	stop = 1;
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
}

static void set_up(uint64_t limit_pages, int fail)
{
	configure(limit_pages * 4096, 50);
	CHECK(alloc_pages_bulk(GFP_KERNEL, MIN_NR, mine) == MIN_NR);
	CHECK(mempool_init_pages_bulk(&own, MIN_NR, NULL, NULL, NULL) == 0);
	CHECK(mempool_init(&counted, 4, counter_alloc, counter_free, &c) == 0);
	c.fail = fail;
}

static void tear_down(void)
{
	release_pages(mine, MIN_NR);
	mempool_exit(&own);
	mempool_exit(&counted);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(child_of_busy_threads_goes_on)
{
	set_up(65536, 0);
	fork_under_load(4);
	tear_down();
}

/* Everything is short: threads sleep, locks are contended, slabs are stopped while the fork happens. */
TEST(child_of_sleeping_threads_goes_on)
{
	set_up(2 * MIN_NR + 96, 1);
	fork_under_load(8);
	tear_down();
}

static void *sleep_for_all(void *arg)
{
	struct page *p[MIN_NR] = { NULL };

	CHECK(mempool_alloc_pages_bulk_array(&own, GFP_KERNEL, MIN_NR, p));
	mempool_bulk_free_pages(&own, p, MIN_NR);
	return arg;
}

/* A thread that sleeps in the parent is not there in the child, and holds nobody up. */
TEST(sleepers_stay_in_the_parent)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };
	struct page *hoard[512] = { NULL }, *one;
	unsigned long n;
	pthread_t t;
	int status;
	pid_t pid;

	set_up(2 * MIN_NR + 96, 0);
	n = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC, 512, hoard);
	one = mempool_alloc_preallocated(&own);
	CHECK(pthread_create(&t, NULL, sleep_for_all, NULL) == 0);
	do {
		nap_ms(1);
		mempool_bulk_get_pool_stats(&own, &s);
	} while (s.waits == 0);
	if ((pid = fork()) == 0) {
		alarm(20);
		mempool_bulk_get_pool_stats(&own, &s);
		CHECK(s.waiters == 0);
		mempool_free(one, &own);
		release_pages(hoard, (int)n);
		child_uses(&own);
		mempool_exit(&own);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	mempool_free(one, &own);
	pthread_join(t, NULL);
	release_pages(hoard, (int)n);
	tear_down();
}

TEST_MAIN()
