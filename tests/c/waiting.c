/* Sleeping for elements: who gets them, how long anybody is passed over, time limits. */
#include "check.h"
#include <sched.h>
#include <signal.h>

static mempool_t pool;
static struct counter c;

/* A pool whose source gives nothing any more; its reserve is full. */
static void set_up(int min_nr, uint32_t wait_ms)
{
	configure(0, wait_ms);
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
	c.fail = 1;
}

static struct mempool_bulk_pool_stats stats(void)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_pool_stats(&pool, &s);
	return s;
}

static void take_all(void **e, int n)
{
	for (int i = 0; i < n; i++)
		CHECK((e[i] = mempool_alloc_preallocated(&pool)) != NULL);
}

static void free_all(void **e, int n)
{
	for (int i = 0; i < n; i++)
		mempool_free(e[i], &pool);
}

struct bulk {
	int nr, may_fail;
	void *e[16];
	pthread_t thread;
};

static void *bulk_thread(void *arg)
{
	struct bulk *b = arg;
	bool all = mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, (unsigned int)b->nr, (struct page **)b->e);

	CHECK(all || b->may_fail);
	return arg;
}

/* Starts a request in a thread of its own and returns when it sleeps. */
static void start_bulk(struct bulk *b, int nr)
{
	uint64_t waits = stats().waits;

	b->nr = nr;
	CHECK(pthread_create(&b->thread, NULL, bulk_thread, b) == 0);
	while (stats().waits == waits)
		nap_ms(1);
}

static void *all_of_it(void *arg)
{
	int n = *(int *)arg;

	while (n--) {
		void *e[16] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 16, (struct page **)e));
		free_all(e, 16);
	}
	return NULL;
}

TEST(K100_two_threads_want_the_whole_reserve)
{
	int n = rounds_to_do(20000);
	pthread_t t[2];

	set_up(16, 60000);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, all_of_it, &n) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 16 && c.frees == 0);
	mempool_exit(&pool);
}

static void *mixed_sizes(void *arg)
{
	unsigned int x = (unsigned int)(uintptr_t)arg;
	int n = rounds_to_do(20000);

	while (n--) {
		void *e[8] = { NULL };
		int nr = 1 + (int)((x = x * 1103515245 + 12345) >> 16) % 8;

		if (nr == 1)
			e[0] = mempool_alloc(&pool, GFP_NOIO);
		else
			CHECK(mempool_alloc_bulk(&pool, e, (unsigned int)nr) == 0);
		CHECK(e[nr - 1]);
		free_all(e, nr);
	}
	return arg;
}

TEST(K120_any_mix_of_sizes_up_to_min_nr_goes_on)
{
	pthread_t t[6];

	set_up(8, 60000);
	for (uintptr_t i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, mixed_sizes, (void *)(i + 1)) == 0);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 8 && c.frees == 0 && stats().waiters == 0);
	mempool_exit(&pool);
}

static atomic_int taken, taken_at_start, stop, source_works;
static pthread_t large;

/* A source that gives nothing, but notes when the large request has its place in the queue. */
static void *noting_alloc(gfp_t gfp, void *data)
{
	(void)data;
	if (source_works)
		return malloc(8);
	if ((gfp & __GFP_DIRECT_RECLAIM) && pthread_equal(pthread_self(), large) && taken_at_start < 0)
		taken_at_start = taken;
	return NULL;
}

static void noting_free(void *element, void *data)
{
	(void)data;
	free(element);
}

static void *hungry(void *arg)
{
	while (!stop) {
		void *e = mempool_alloc(&pool, GFP_KERNEL);

		taken++;
		sched_yield();
		mempool_free(e, &pool);
	}
	return arg;
}

TEST(a_large_request_is_passed_by_at_most_its_bound)
{
	pthread_t t[8];
	int n = rounds_to_do(50), passed, worst = 0;

	configure(0, 60000);
	source_works = 1;
	CHECK(mempool_init(&pool, 256, noting_alloc, noting_free, NULL) == 0);
	source_works = 0;
	large = pthread_self();
	for (int i = 0; i < 8; i++)
		CHECK(pthread_create(&t[i], NULL, hungry, NULL) == 0);
	while (n--) {
		void *e[256] = { NULL };
		int before = taken;

		while (taken < before + 100)
			sched_yield();
		taken_at_start = -1;
		CHECK(mempool_alloc_bulk(&pool, e, 256) == 0);
		passed = taken_at_start < 0 ? 0 : taken - taken_at_start;
		free_all(e, 256);
		worst = passed > worst ? passed : worst;
	}
	stop = 1;
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	fprintf(stderr, "passed by %d at most\n", worst);
	/* The one that exceeds the bound, and those that the eight had not counted yet. */
	CHECK(worst <= 2 * 256 + 1 + 8 && (worst > 0 || under_valgrind()));
	mempool_exit(&pool);
}

/* Elements go past a request for all four of the pool until it is entitled; one is in the reserve. */
static void entitle(struct bulk *b, void **e)
{
	take_all(e, 4);
	start_bulk(b, 4);
	mempool_free(e[0], &pool);
	for (int i = 0; i < 9; i++) {
		CHECK((e[0] = mempool_alloc_preallocated(&pool)) != NULL);
		mempool_free(e[0], &pool);
	}
}

TEST(what_is_kept_for_a_sleeper_nobody_else_may_take)
{
	static struct bulk b;
	struct page *p[1] = { NULL };
	void *e[4];

	set_up(4, 60000);
	entitle(&b, e);
	CHECK(mempool_alloc_preallocated(&pool) == NULL);
	CHECK(mempool_alloc(&pool, GFP_NOWAIT) == NULL && mempool_alloc(&pool, GFP_ATOMIC) == NULL);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 1, p));
	CHECK(pool.curr_nr == 1);
	free_all(e + 1, 3);
	pthread_join(b.thread, NULL);
	CHECK(pool.curr_nr == 0);
	mempool_free(b.e[0], &pool);
	CHECK((b.e[0] = mempool_alloc_preallocated(&pool)) != NULL);
	free_all(b.e, 4);
	mempool_exit(&pool);
}

TEST(without_such_a_sleeper_whoever_comes_takes)
{
	static struct bulk b;
	void *e[4];

	set_up(4, 60000);
	take_all(e, 4);
	start_bulk(&b, 4);
	for (int i = 0; i < 8; i++) {
		mempool_free(e[0], &pool);
		CHECK((e[0] = mempool_alloc(&pool, i % 2 ? GFP_NOWAIT : GFP_KERNEL)) != NULL);
	}
	free_all(e, 4);
	pthread_join(b.thread, NULL);
	free_all(b.e, 4);
	mempool_exit(&pool);
}

TEST(a_holder_that_needs_one_more_gets_it_after_a_second)
{
	static struct bulk b;
	long start;
	void *e[4];

	set_up(4, 60000);
	entitle(&b, e);
	start = now_ms();
	e[0] = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(now_ms() - start > 800 && now_ms() - start < 20000);
	free_all(e, 4);
	pthread_join(b.thread, NULL);
	free_all(b.e, 4);
	mempool_exit(&pool);
}

static void *one_and_one_more(void *arg)
{
	while (!stop) {
		void *a = mempool_alloc(&pool, GFP_KERNEL), *b = mempool_alloc(&pool, GFP_KERNEL);

		taken += 2;
		mempool_free(a, &pool);
		mempool_free(b, &pool);
	}
	return arg;
}

TEST(holders_go_on_whatever_a_large_request_does)
{
	struct timespec limit = { 2, 500000000 };
	struct page *p[4];
	pthread_t t[3];
	int before;

	set_up(4, 60000);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, one_and_one_more, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		before = taken;
		memset(p, 0, sizeof(p));
		if (mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 4, p, &limit) == 0)
			free_all((void **)p, 4);
		while (taken < before + 20)
			nap_ms(1);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 4);
	mempool_exit(&pool);
}

/* Passes one element on until each of n sleepers has had it. */
static void free_from(struct bulk *b, int n)
{
	for (int served = 1; served <= n; served++) {
		int i = 0;

		while (!b[i].e[0])
			i = (i + 1) % n;
		pthread_join(b[i].thread, NULL);
		mempool_free(b[i].e[0], &pool);
		b[i].e[0] = NULL;
	}
}

TEST(K42_one_free_wakes_all_and_serves_one)
{
	static struct bulk b[5];
	void *e[1];

	set_up(1, 60000);
	take_all(e, 1);
	for (int i = 0; i < 5; i++)
		start_bulk(&b[i], 1);
	CHECK(c.allocs == 10 && stats().waiters == 5);
	mempool_free(e[0], &pool);
	while (stats().waits < 5 + 4)
		nap_ms(1);
	nap_ms(50);
	CHECK(c.allocs == 15 && stats().waits == 9 && stats().waiters == 4 && pool.curr_nr == 0);
	free_from(b, 5);
	mempool_exit(&pool);
}

TEST(H99_requests_above_min_nr_take_turns)
{
	static struct bulk b[2];
	void *e[4];

	catch_reports();
	set_up(4, 60000);
	take_all(e, 4);
	start_bulk(&b[0], 6);
	start_bulk(&b[1], 6);
	for (int i = 0; i < 6; i++) {
		mempool_free(i < 4 ? e[i] : malloc(32), &pool);
		while (pool.curr_nr)
			nap_ms(1);
	}
	pthread_join(b[0].thread, NULL);
	CHECK(b[1].e[0] == NULL && warns == 1);
	for (int i = 0; i < 6; i++) {
		mempool_free(b[0].e[i], &pool);
		while (pool.curr_nr)
			nap_ms(1);
	}
	pthread_join(b[1].thread, NULL);
	free_all(b[1].e, 6);
	CHECK(pool.curr_nr == 4 && c.frees == 2);
	mempool_exit(&pool);
}

TEST(a_sleeper_of_an_exited_pool_comes_back)
{
	static struct bulk b;
	void *e[2];

	catch_reports();
	set_up(2, 60000);
	take_all(e, 2);
	start_bulk(&b, 2);
	b.may_fail = 1;
	mempool_exit(&pool);
	CHECK(bugs == 1 && !mempool_initialized(&pool) && stats().waiters == 0);
	pthread_join(b.thread, NULL);
	CHECK(b.e[0] == NULL);
	free(e[0]);
	free(e[1]);
}

TEST_MAIN()
