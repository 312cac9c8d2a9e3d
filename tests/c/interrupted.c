/* Forks and signal handlers that come at the worst moment: nothing hangs, no page and no news are lost. */
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { PAGES = 2048 };

static struct page *all[PAGES];
static int taken;
static atomic_int stop, forking, freed, handled;

/* A hang is killed by this. */
static void at_most(unsigned int seconds)
{
	alarm(under_valgrind() ? seconds * 10 : seconds);
}

static void take_all(void)
{
	struct page *p;

	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	CHECK(taken > PAGES / 2);
}

static void wait_for(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
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

/* What is registered first runs last before a fork: registered before the library's constructor, this runs
 * when the library lets nobody in any more. */
static void let_others_free(void)
{
	if (forking) {
		forking = -1;
		for (int i = 0; i < 30000 && !freed; i++)
			nap_ms(1);
	}
}

static void register_first(void)
{
	pthread_atfork(let_others_free, NULL, NULL);
}

__attribute__((used, section(".preinit_array"))) static void (*const before_constructors)(void) = register_first;

static void *frees_two(void *arg)
{
	UNTIL(forking < 0);
	__free_page(all[0]);
	__free_page(all[1]);
	freed++;
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
	mempool_t *pool;
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
	forking = 1;
	child = fork();
	if (child == 0)
		_exit(0);
	pthread_join(t, NULL);
	CHECK(freed);
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

static void allocates(int signal)
{
	struct page *p = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 1), *q = alloc_page(GFP_ATOMIC | __GFP_NOWARN);

	(void)signal;
	__free_pages(p, 1);
	if (q)
		__free_page(q);
	handled++;
}

static void handle(int signal)
{
	struct sigaction action = { .sa_handler = allocates, .sa_flags = SA_RESTART };

	CHECK(sigaction(signal, &action, NULL) == 0);
}

static void *single_pages(void *arg)
{
	while (!stop) {
		struct page *p = alloc_page(GFP_NOWAIT | __GFP_NOWARN);

		if (p)
			__free_page(p);
	}
	return arg;
}

static void *drains(void *arg)
{
	while (!stop)
		__free_pages(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 10), 10);
	return arg;
}

/* A handler that interrupts its thread with a slab in hand, while others want all slabs. */
TEST(handlers_under_drains_and_forks)
{
	pthread_t user, drainer;

	at_most(100);
	configure(PAGES * PAGE_SIZE, NO_RETRY);
	handle(SIGUSR1);
	CHECK(pthread_create(&user, NULL, single_pages, NULL) == 0);
	CHECK(pthread_create(&drainer, NULL, drains, NULL) == 0);
	for (int i = rounds_to_do(10000); i > 0; i--) {
		CHECK(pthread_kill(user, SIGUSR1) == 0);
		if (i % 50 == 0) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			wait_for(child);
		}
	}
	UNTIL(handled);
	stop = 1;
	pthread_join(user, NULL);
	pthread_join(drainer, NULL);
	check_conserved();
	CHECK(outstanding() == 0);
}

/* The first use of the library is a long section; a handler that comes into it does not wait for its end. */
TEST(handlers_during_the_first_use)
{
	struct itimerval often = { { 0, 500 }, { 0, 500 } };

	at_most(60);
	handle(SIGPROF);
	CHECK(setenv("MEMPOOL_BULK_PREALLOC", "256M", 1) == 0);
	CHECK(setitimer(ITIMER_PROF, &often, NULL) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	UNTIL(handled);
}

TEST_MAIN()
