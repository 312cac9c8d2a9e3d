/* Elements that signal handlers free at the worst moment, so that they find no room when their turn comes: whoever calls
 * next finishes that, but no handler waits for a lock to do it, and the free function gets none that the reserve wants. */
#include "check.h"
#include <signal.h>

enum { MOST = 64 };

static mempool_t pool, other;
static pthread_t interrupted;
static void *_Atomic to_free;
static mempool_t *_Atomic its_pool;
static atomic_int stop, handled, made, disposed;
static atomic_uintptr_t there[MOST];

/* A source of so many elements. */
static void *take(gfp_t gfp, void *data)
{
	(void)gfp;
	for (long i = 0; i < (long)data; i++)
		if (!atomic_exchange(&there[i], 1))
			return (void *)&there[i];
	return NULL;
}

static void put_back(void *element, void *data)
{
	(void)data;
	*(atomic_uintptr_t *)element = 0;
}

static void *signals(void *arg)
{
	struct timespec soon = { 0, 5000 };

	while (!stop) {
		pthread_kill(interrupted, SIGUSR1);
		nanosleep(&soon, NULL);
	}
	return arg;
}

static pthread_t start(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t t;

	at_most(20);
	interrupted = pthread_self();
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(pthread_create(&t, NULL, signals, NULL) == 0);
	return t;
}

static void finish(pthread_t t)
{
	stop = 1;
	pthread_join(t, NULL);
}

static void allocates_and_frees(int signal)
{
	void *e = mempool_alloc(&pool, GFP_ATOMIC);

	(void)signal;
	if (e)
		mempool_free(e, &pool);
	handled++;
}

TEST(no_handler_waits_to_finish_what_others_left)
{
	int signals_wanted = rounds_to_do(5000);
	pthread_t t;

	CHECK(mempool_init(&pool, 1, take, put_back, (void *)(long)MOST) == 0);
	t = start(allocates_and_frees);
	while (handled < signals_wanted) {
		void *e = mempool_alloc_preallocated(&pool), *x = mempool_alloc(&pool, GFP_KERNEL);

		if (e)
			mempool_free(e, &pool);
		mempool_free(x, &pool);
	}
	finish(t);
	mempool_exit(&pool);
	for (int i = 0; i < MOST; i++)
		CHECK(there[i] == 0);
}

static char three[3][64];

static void *take_three(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	return made < 3 ? three[made++] : NULL;
}

static void count(void *element, void *data)
{
	(void)element;
	(void)data;
	disposed++;
}

static void frees_one(int signal)
{
	void *element = atomic_exchange(&to_free, NULL);

	(void)signal;
	if (element) {
		mempool_free(element, its_pool);
		handled++;
	}
}

static void *comes_and_goes(void *arg)
{
	while (!stop) {
		void *e = mempool_alloc(&pool, GFP_NOWAIT);

		if (e)
			mempool_free(e, &pool);
	}
	return arg;
}

/* Makes calls on `p` until the handler has freed this element into it. */
static void have_it_freed(void *element, mempool_t *p)
{
	its_pool = p;
	to_free = element;
	while (to_free) {
		void *e = mempool_alloc_preallocated(p);

		if (e)
			mempool_free(e, p);
	}
}

/* There are three elements, and the reserve is for three. */
TEST(what_the_reserve_wants_is_never_given_away)
{
	int signals_wanted = rounds_to_do(3000);
	pthread_t t, u;

	CHECK(mempool_init(&other, 1, take, put_back, (void *)(long)MOST) == 0);
	CHECK(mempool_init(&pool, 3, take_three, count, NULL) == 0);
	t = start(frees_one);
	/* First let something be left at some pool, so that calls look for it. */
	while (handled < signals_wanted) {
		void *x = take(0, (void *)(long)MOST);

		CHECK(x);
		have_it_freed(x, &other);
	}
	CHECK(pthread_create(&u, NULL, comes_and_goes, NULL) == 0);
	while (handled < 3 * signals_wanted && !disposed) {
		void *x = mempool_alloc_preallocated(&pool);

		if (x)
			have_it_freed(x, &pool);
	}
	finish(t);
	pthread_join(u, NULL);
	CHECK(disposed == 0);
	mempool_exit(&pool);
	mempool_exit(&other);
	CHECK(disposed == 3);
}

TEST_MAIN()
