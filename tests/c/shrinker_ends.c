/* Shrinkers that go: while threads are in their scan, from inside it, and in a child. */
#include "shrinkers.h"
#include <sched.h>
#include <sys/wait.h>

static atomic_int inside, leave;

static unsigned long slow_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	(void)shrinker;
	(void)nr;
	(void)gfp;
	inside++;
	UNTIL(leave);
	inside--;
	return 0;
}

static void *ask(void *arg)
{
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	return arg;
}

static atomic_int gone;

static void *unregister_it(void *arg)
{
	mempool_bulk_unregister_shrinker(arg);
	CHECK(inside == 0);
	gone = 1;
	return NULL;
}

TEST(unregister_waits_for_scans)
{
	pthread_t t[3];
	long told;

	start();
	set_up(&a, 0);
	a.shrinker.scan = slow_scan;
	set_up(&b, 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, ask, NULL) == 0);
	UNTIL(inside == 2);
	CHECK(pthread_create(&t[2], NULL, unregister_it, &a.shrinker) == 0);
	nap_ms(50);
	CHECK(!gone && b.calls == 0 && mempool_bulk_register_shrinker(&a.shrinker) == -EBUSY);
	ask(NULL); /* nobody begins another scan of it */
	CHECK(inside == 2 && b.calls == 1 && warns == 0);
	mempool_bulk_unregister_shrinker(&a.shrinker); /* a second thread has no business there */
	CHECK(warns == 1 && inside == 2);
	told = now_ms();
	leave = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(now_ms() - told < 30000); /* it was told */
	CHECK(gone && b.calls == 3 && mempool_bulk_register_shrinker(&a.shrinker) == 0);
}

static unsigned long last_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	(void)nr;
	(void)gfp;
	mempool_bulk_unregister_shrinker(shrinker);
	memset(shrinker, 0xff, sizeof(*shrinker)); /* the library must not look at it again */
	free(shrinker);
	__free_page(hoard[--hoarded]);
	return 1;
}

TEST(a_scan_ends_its_own_shrinker)
{
	struct mempool_bulk_shrinker *s = calloc(1, sizeof(*s));

	start();
	s->scan = last_scan;
	CHECK(mempool_bulk_register_shrinker(s) == 0);
	set_up(&a, 0);
	CHECK(alloc_page(GFP_KERNEL) && a.calls == 0);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && a.calls == 1 && warns == 0);
}

static unsigned long scan_anew(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	a.calls++;
	mempool_bulk_unregister_shrinker(shrinker);
	CHECK(mempool_bulk_register_shrinker(shrinker) == 0);
	(void)nr;
	(void)gfp;
	return 0;
}

/* A structure that is registered anew is another one, which the scan that still runs is not of. */
TEST(a_scan_registers_its_own_shrinker_anew)
{
	start();
	set_up(&a, 0);
	a.shrinker.scan = scan_anew;
	set_up(&b, 0);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	CHECK(a.calls >= 1 && b.calls >= 1 && warns == 0);
	mempool_bulk_unregister_shrinker(&a.shrinker);
	a.calls = 0;
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && a.calls == 0 && warns == 0);
}

/* The child has no thread inside a scan, and none that unregisters. */
TEST(fork_in_the_middle_of_scans)
{
	pthread_t t[3];
	int status;
	pid_t pid;

	start();
	set_up(&a, 0);
	a.shrinker.scan = slow_scan;
	set_up(&b, 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, ask, NULL) == 0);
	UNTIL(inside == 2);
	CHECK(pthread_create(&t[2], NULL, unregister_it, &a.shrinker) == 0);
	nap_ms(20);
	if ((pid = fork()) == 0) {
		alarm(20);
		mempool_bulk_unregister_shrinker(&a.shrinker);
		fill(&b, 10);
		CHECK(alloc_page(GFP_KERNEL) && b.calls == 1);
		mempool_bulk_unregister_shrinker(&b.shrinker);
		_exit(warns);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	leave = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(gone);
}

static pid_t forked;

static unsigned long scan_that_forks(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	inside++;
	if (inside == 1)
		forked = fork();
	inside--;
	return cache_scan(shrinker, nr, gfp);
}

/* The child comes out of a scan that the parent went into. */
TEST(fork_inside_a_scan)
{
	int status;

	start();
	set_up(&a, 0);
	a.shrinker.scan = scan_that_forks;
	fill(&a, 10);
	CHECK(alloc_page(GFP_KERNEL) && a.n == 0);
	if (forked == 0)
		alarm(20);
	mempool_bulk_unregister_shrinker(&a.shrinker);
	CHECK(warns == 0);
	if (forked == 0)
		_exit(0);
	CHECK(waitpid(forked, &status, 0) == forked && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static atomic_int stop;

/* Caches a page now and then; asks for more than there is. */
static void *churn(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	struct page *mine[128];

	while (!stop) {
		int n = 0;

		while (n < 128 && (mine[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
			n++;
		CHECK(n > 0);
		if ((seed = seed * 1103515245u + 12345u) & 0x10000) {
			pthread_mutex_lock(&b.lock);
			while (n > 0 && b.n < LIMIT)
				b.pages[b.n++] = mine[--n];
			pthread_mutex_unlock(&b.lock);
		}
		release_pages(mine, n);
	}
	return NULL;
}

TEST(many_threads_while_shrinkers_come_and_go)
{
	pthread_t t[4];

	configure(LIMIT * 4096, NO_RETRY);
	set_up(&b, 0);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	for (int i = 0; i < rounds_to_do(2000); i++) {
		set_up(&a, i % 4);
		set_up(&c, 0);
		mempool_bulk_trim(0);
		sched_yield();
		mempool_bulk_unregister_shrinker(&a.shrinker);
		mempool_bulk_unregister_shrinker(&c.shrinker);
	}
	UNTIL(b.calls > rounds_to_do(1000));
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	release_pages(b.pages, (int)b.n);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
