/* Forks that come at the worst moment: nothing hangs, no page and no news are lost. */
#include "early.h"
#include <fcntl.h>

enum { PAGES = 2048 };

static mempool_t *pool;
static struct page *all[PAGES];
static int taken;
static atomic_int stop, forking, freed, handled;

static void take_all(void)
{
	struct page *p;

	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	CHECK(taken > PAGES / 2);
}

static void *enters_and_leaves(void *arg)
{
	while (!stop) {
		struct page *p = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 1);

		__free_pages(p, 1);
	}
	return arg;
}

/* Threads that found the fork under way were counted just then, and the child does not have them. */
TEST(children_fork_too)
{
	pthread_t t[2];

	configure(PAGES * PAGE_SIZE, NO_RETRY);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, enters_and_leaves, NULL) == 0);
	for (int i = rounds_to_do(300); i > 0; i--) {
		pid_t child = fork(), grandchild;

		if (child == 0) {
			at_most(20);
			grandchild = fork();
			if (grandchild == 0)
				_exit(0);
			wait_for(grandchild);
			_exit(0);
		}
		wait_for(child);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

static void let_others_free(void)
{
	forking = 1;
	UNTIL(freed);
	nap_ms(100);
}

static void *frees_two(void *arg)
{
	UNTIL(forking);
	freed = 1;
	__free_page(all[0]); /* tells the request when the fork is over */
	__free_page(all[1]);
	return arg;
}

static void finished(struct mempool_bulk_request *request)
{
	(void)request;
	handled++;
}

/* Nobody but the fork stood in the way of these pages, so nobody else will look for them. */
TEST(pages_freed_during_a_fork_reach_who_waits)
{
	static struct page *slots[1];
	struct mempool_bulk_request request = { .page_array = slots, .nr = 1, .gfp = GFP_KERNEL, .done = finished };
	struct page *kept;
	pthread_t t;
	pid_t child;

	at_most(60);
	configure(PAGES * PAGE_SIZE, NO_RETRY);
	CHECK((pool = mempool_create_pages_bulk(1, NULL, NULL, NULL)) != NULL);
	take_all();
	CHECK((kept = mempool_alloc_preallocated(pool)) != NULL);
	CHECK(mempool_bulk_submit(pool, &request) == 0);
	CHECK(pthread_create(&t, NULL, frees_two, NULL) == 0);
	in_prepare = let_others_free;
	child = fork();
	if (child == 0) {
		at_most(60); /* the child has the request too, and the first of the pages: its next call finds both */
		mempool_bulk_refill(pool, GFP_NOWAIT);
		UNTIL(handled);
		_exit(0);
	}
	pthread_join(t, NULL);
	UNTIL(handled);
	wait_for(child);
	__free_page(slots[0]);
	__free_page(kept);
	mempool_destroy(pool);
}

static void *sleeps(void *arg)
{
	handled = 1;
	__free_page(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	return arg;
}

/* While anybody sleeps every free goes by the depot. A child has nobody who sleeps. */
TEST(a_child_uses_its_cache_again)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	pthread_t t;
	pid_t child;

	at_most(60);
	configure(PAGES * PAGE_SIZE, NO_RETRY);
	take_all();
	CHECK(pthread_create(&t, NULL, sleeps, NULL) == 0);
	UNTIL(handled);
	nap_ms(100);
	child = fork();
	for (int i = 0; i < taken; i++)
		__free_page(all[i]);
	if (child == 0) {
		for (int i = 0; i < 100; i++)
			__free_page(alloc_page(GFP_KERNEL));
		mempool_bulk_get_stats(&s);
		_exit(s.pages_cached == 0);
	}
	wait_for(child);
	pthread_join(t, NULL);
}

static void *reports(void *arg)
{
	while (!stop)
		mempool_resize(pool, 0); /* a WARN each time */
	return arg;
}

/* On stderr, where other threads were writing as it was born: it must not wait for one that it does not have. */
TEST(a_child_reports_too)
{
	int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);
	pthread_t t[2];

	pool = mempool_create_page_pool(1, 0);
	CHECK(pool && null >= 0 && saved >= 0 && dup2(null, STDERR_FILENO) == STDERR_FILENO);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, reports, NULL) == 0);
	for (int i = rounds_to_do(300); i > 0; i--) {
		pid_t child = fork();

		if (child == 0) {
			at_most(20);
			mempool_resize(pool, 0);
			_exit(0);
		}
		wait_for(child);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	dup2(saved, STDERR_FILENO);
	mempool_destroy(pool);
}

TEST_MAIN()
