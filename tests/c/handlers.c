/* Signal handlers that come at the worst moment: they neither hang nor lose a page, an element or news. */
#include "check.h"
#include <signal.h>
#include <sched.h>
#include <sys/time.h>

enum { PAGES = 2048 };

static mempool_t *pool;
static struct page *all[PAGES];
static int taken;
static atomic_int stop, handled;

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

static void *mine; /* the handler's */
static atomic_int thrown;
static char elements[4];
static int made;

static void *few(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	return made < 4 ? &elements[made++] : NULL;
}

static void throw(void *element, void *data)
{
	(void)element;
	(void)data;
	thrown++;
}

static void takes_or_gives(int signal)
{
	(void)signal;
	handled++;
	if (mine)
		mempool_free(mine, pool);
	mine = mine ? NULL : mempool_alloc(pool, GFP_ATOMIC);
}

static pthread_t target;

static void *signals_often(void *arg)
{
	while (!stop) {
		CHECK(pthread_kill(target, SIGUSR1) == 0);
		sched_yield();
	}
	return arg;
}

/* Has a thread send SIGUSR1 to this one all the time; only this one handles it. */
static void handle_often(pthread_t *t, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	target = pthread_self();
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(pthread_create(t, NULL, signals_often, NULL) == 0);
}

static void handle_no_more(pthread_t t)
{
	stop = 1;
	pthread_join(t, NULL);
}

/* What a handler gives back is of the reserve, whatever its thread was doing. */
TEST(a_handler_fills_the_reserve)
{
	int enough = rounds_to_do(2000);
	pthread_t t;

	at_most(100);
	CHECK((pool = mempool_create(4, few, throw, NULL)) != NULL);
	handle_often(&t, takes_or_gives);
	while (handled < enough) {
		void *e = mempool_alloc(pool, GFP_ATOMIC);

		if (e)
			mempool_free(e, pool);
	}
	handle_no_more(t);
	if (mine)
		mempool_free(mine, pool);
	CHECK(thrown == 0 && pool->curr_nr == 4);
	mempool_destroy(pool);
	CHECK(thrown == 4);
}

enum { WANTED = 64 };
static struct page *wanted[WANTED];

static void frees_in_bulk(int signal)
{
	(void)signal;
	if (taken > 1)
		mempool_bulk_free_pages(pool, &all[--taken], 1);
	handled++;
}

static void *wants_many(void *arg)
{
	CHECK(mempool_alloc_pages_bulk_array(pool, GFP_KERNEL, WANTED, wanted));
	return arg;
}

/* Somebody waits for what the handler frees, and is told, though its thread may have held the pool's lock. */
TEST(a_handler_frees_in_bulk_to_who_waits)
{
	pthread_t t, signals;

	at_most(100);
	configure(PAGES * PAGE_SIZE, NO_RETRY);
	CHECK((pool = mempool_create_pages_bulk(WANTED, NULL, NULL, NULL)) != NULL);
	while (alloc_page(GFP_KERNEL | __GFP_NOWARN))
		;
	while ((all[taken] = mempool_alloc_preallocated(pool)) != NULL)
		taken++;
	CHECK(pthread_create(&t, NULL, wants_many, NULL) == 0);
	UNTIL(pool_waits(pool));
	mempool_free(all[--taken], pool);
	handle_often(&signals, frees_in_bulk);
	while (taken > 1) {
		struct page *p = mempool_alloc_preallocated(pool);

		if (p)
			mempool_free(p, pool);
	}
	handle_no_more(signals);
	mempool_free(all[--taken], pool);
	pthread_join(t, NULL);
	for (int i = 0; i < WANTED; i++)
		CHECK(wanted[i]);
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
