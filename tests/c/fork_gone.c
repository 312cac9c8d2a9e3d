/* Children of processes with more threads: what those had in hand or were about to do that are not there stands in nobody's
 * way, and no news are lost with them. */
#include "fork_pool.h"

static void fill_reserve(int n)
{
	while (pool.curr_nr < n)
		mempool_free(all[--taken], &pool);
}

/* A thread that is in the middle of a callback request, with elements set aside, when the process forks. */
enum { MANY = 200 };
static atomic_int in_callback, go_on;

static void stays(struct page *page, void *data)
{
	(void)data;
	in_callback = 1;
	while (!go_on)
		nap_ms(1);
	__free_page(page);
}

static void *calls_back(void *arg)
{
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, MANY, stays, NULL));
	return arg;
}

static void counts(struct page *page, void *data)
{
	++*(int *)data;
	mempool_free(page, &pool);
}

/* Another thread is in its callback, and this one has forked: the child can have all that the reserve holds. */
static void check_child_and_end(pthread_t t)
{
	int n = 0;

	if (forked == 0) {
		at_most(20);
		fill_reserve(MANY);
		CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, MANY, counts, &n) && n == MANY);
		_exit(0);
	}
	wait_for(forked);
	go_on = 1;
	pthread_join(t, NULL);
}

TEST(what_gone_threads_have_set_aside_is_in_nobody_s_way)
{
	pthread_t t;

	set_up(MANY);
	CHECK(pthread_create(&t, NULL, calls_back, NULL) == 0);
	UNTIL(in_callback);
	forked = fork();
	check_child_and_end(t);
}

/* The thread that forks is in a callback itself. In the child its own pages still come; those of others don't. */
static mempool_t second;

static void forks_in_the_middle(struct page *page, void *data)
{
	++*(int *)data;
	if (forked == -1)
		forked = fork();
	__free_page(page);
}

TEST(what_the_one_that_forks_has_set_aside_is_its_own)
{
	struct page *p;
	pthread_t t;
	int own = 0;

	configure(sizeof(all) / sizeof(*all) * PAGE_SIZE, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&second, MANY, NULL, NULL, NULL) == 0);
	set_up_pool(MANY);
	CHECK(pthread_create(&t, NULL, calls_back, NULL) == 0);
	UNTIL(in_callback);
	CHECK(mempool_alloc_pages_bulk_cb(&second, GFP_KERNEL, MANY, forks_in_the_middle, &own) && own == MANY);
	while (forked == 0 && (p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	check_child_and_end(t);
}

static atomic_int done;

static void note_done(struct mempool_bulk_request *r)
{
	(void)r;
	done++;
}

static void *waits_for_four(void *arg)
{
	static struct page *four[4];

	mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, four);
	return arg;
}

/* The oldest, which alone takes what comes, is a thread that the child does not have: now the request is the oldest. */
TEST(the_next_takes_what_comes_when_the_oldest_is_gone)
{
	struct page *reserve[2];
	pthread_t t;

	catch_reports();
	set_up(2);
	for (int i = 0; i < 2; i++)
		CHECK((reserve[i] = mempool_alloc_preallocated(&pool)) != NULL);
	CHECK(pthread_create(&t, NULL, waits_for_four, NULL) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(submit(3, note_done) == 0);
	if ((forked = fork()) == 0) {
		at_most(20);
		mempool_free(reserve[0], &pool);
		mempool_free(reserve[1], &pool);
		mempool_free(all[--taken], &pool);
		CHECK(done == 1);
		_exit(0);
	}
	wait_for(forked);
	exit(0); /* the other waits on */
}

/* One that gives pages back again and again may be stopped at any point: between a page and the news of it, too. */
static atomic_int pauses, over;
static struct page *_Atomic moving;

static void pause_here(int signal)
{
	(void)signal;
	pauses++;
	for (long begin = now_ms(); !over && now_ms() - begin < 20;)
		;
}

static void *gives_and_takes(void *arg)
{
	while (!go_on) {
		struct page *p;

		__free_page(moving);
		UNTIL(done);
		p = slots[0];
		slots[0] = NULL;
		done = 0;
		CHECK(submit(1, note_done) == 0);
		moving = p;
	}
	return arg;
}

TEST(no_news_are_lost_with_a_thread)
{
	struct sigaction action = { .sa_handler = pause_here, .sa_flags = SA_RESTART };
	unsigned long floor;
	void *reserve;
	pthread_t t;

	set_up(1);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK((reserve = mempool_alloc_preallocated(&pool)) != NULL);
	moving = all[--taken];
	floor = free_pages_now();
	CHECK(submit(1, note_done) == 0);
	CHECK(pthread_create(&t, NULL, gives_and_takes, NULL) == 0);
	for (int i = rounds_to_do(300); i > 0; i--) {
		int before = pauses;

		over = 0;
		CHECK(pthread_kill(t, SIGUSR1) == 0);
		UNTIL(pauses > before);
		if ((forked = fork()) == 0) {
			at_most(20);
			any_call();
			CHECK(slots[0] || done || free_pages_now() <= floor);
			_exit(0);
		}
		over = 1;
		wait_for(forked);
	}
	go_on = 1;
	pthread_join(t, NULL);
}

TEST_MAIN()
