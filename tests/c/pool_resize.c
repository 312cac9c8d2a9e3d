/* Resizing pools, and pools with a minimum of zero: contract K50 to K68. */
#include "check.h"

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

TEST(K50_shrink_frees_the_rest)
{
	set_up(8);
	CHECK(mempool_resize(&pool, 3) == 0);
	CHECK(c.frees == 5 && pool.min_nr == 3 && pool.curr_nr == 3);
	mempool_exit(&pool);
}

TEST(K51_shrink_of_a_short_pool)
{
	void *e[6];

	set_up(8);
	for (int i = 0; i < 6; i++)
		e[i] = mempool_alloc_preallocated(&pool);
	CHECK(mempool_resize(&pool, 3) == 0 && c.frees == 0 && pool.curr_nr == 2);
	for (int i = 0; i < 6; i++)
		mempool_free(e[i], &pool);
	CHECK(pool.curr_nr == 3 && c.frees == 5);
	mempool_exit(&pool);
}

TEST(K52_resize_to_the_same)
{
	set_up(3);
	CHECK(mempool_resize(&pool, 3) == 0 && c.frees == 0 && c.allocs == 0);
	mempool_exit(&pool);
}

TEST(K53_grow_tops_up_with_gfp_kernel)
{
	void *e[8];

	set_up(3);
	CHECK(mempool_resize(&pool, 8) == 0);
	CHECK(c.allocs == 5 && pool.min_nr == 8 && pool.curr_nr == 8);
	for (int i = 0; i < 5; i++)
		CHECK(c.masks[i] == 0xcc0);
	for (int i = 0; i < 8; i++) {
		CHECK((e[i] = mempool_alloc_preallocated(&pool)) != NULL);
		for (int j = 0; j < i; j++)
			CHECK(e[i] != e[j]);
	}
	for (int i = 0; i < 8; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

TEST(K54_grow_with_a_failing_function)
{
	set_up(3);
	c.fail_after = 1;
	c.allow = 1;
	CHECK(mempool_resize(&pool, 8) == 0 && pool.min_nr == 8 && pool.curr_nr == 4 && c.allocs == 2);
	for (int i = 0; i < 4; i++)
		mempool_free(malloc(32), &pool);
	CHECK(pool.curr_nr == 8 && c.frees == 0);
	mempool_exit(&pool);
}

TEST(K55_grow_beyond_reason)
{
	set_up(3);
	CHECK(mempool_resize(&pool, 0x7fffffff) == -ENOMEM && mempool_resize(&pool, 524289) == -ENOMEM);
	CHECK(pool.min_nr == 3 && pool.curr_nr == 3 && c.allocs == 0 && c.frees == 0);
	mempool_exit(&pool);
}

static atomic_int stop;

static void *churn(void *arg)
{
	while (!stop) {
		void *a = mempool_alloc(&pool, GFP_KERNEL), *b = mempool_alloc_preallocated(&pool);

		mempool_free(a, &pool);
		mempool_free(b, &pool);
	}
	return arg;
}

TEST(K56_resize_under_load)
{
	static struct counter big;
	pthread_t t[3];

	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &big) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, churn, NULL) == 0);
	for (int i = 0; i < 300; i++)
		CHECK(mempool_resize(&pool, 1 + i * 7 % 40) == 0);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr <= pool.min_nr);
	CHECK(big.allocs == big.frees + pool.curr_nr);
	mempool_exit(&pool);
	CHECK(big.allocs == big.frees);
}

static void nosy_free(void *element, void *data)
{
	(void)data;
	mempool_free(mempool_alloc_preallocated(&pool), &pool);
	free(element);
}

static void *page_churn(void *arg)
{
	while (!stop) {
		struct page *p[16] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOFS, 16, p));
		mempool_bulk_free_pages(&pool, p, 16);
	}
	return arg;
}

TEST(K56_resize_of_a_pool_of_pages_under_load)
{
	pthread_t t[3];

	configure(200 * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, page_churn, NULL) == 0);
	for (int i = 0; i < 2000; i++)
		CHECK(mempool_resize(&pool, 16 + i * 7 % 90) == 0);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr >= 0 && pool.curr_nr <= pool.min_nr && outstanding() == (unsigned long)pool.curr_nr);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(K57_shrink_calls_free_without_the_lock)
{
	CHECK(mempool_init(&pool, 6, counter_alloc, nosy_free, &c) == 0);
	CHECK(mempool_resize(&pool, 2) == 0 && pool.curr_nr == 2);
	mempool_exit(&pool);
}

TEST(H59_resize_to_nothing)
{
	catch_reports();
	set_up(3);
	CHECK(mempool_resize(&pool, 0) == -EINVAL && mempool_resize(&pool, -4) == -EINVAL);
	CHECK(warns == 2 && pool.min_nr == 3 && pool.curr_nr == 3);
	mempool_exit(&pool);
}

static void *sleeper(void *arg)
{
	(void)arg;
	return mempool_alloc(&pool, GFP_KERNEL);
}

TEST(H60_grow_wakes_a_sleeper)
{
	void *e, *got;
	pthread_t t;
	long start = now_ms();

	configure(0, NO_RETRY);
	set_up(1);
	e = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, sleeper, NULL) == 0);
	UNTIL(pool_waits(&pool) == 1);
	c.fail = 0;
	CHECK(mempool_resize(&pool, 4) == 0);
	pthread_join(t, &got);
	CHECK(now_ms() - start < 30000);
	mempool_free(got, &pool);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

TEST(K61_K65_K66_K68_zero_pool_keeps_one)
{
	CHECK(mempool_init(&pool, 0, counter_alloc, counter_free, &c) == 0 && c.allocs == 1);
	CHECK(pool.curr_nr == 1 && pool.min_nr == 0 && mempool_initialized(&pool));
	CHECK(mempool_is_saturated(&pool));
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(c.frees == 1 && pool.curr_nr == 1);
	mempool_exit(&pool);
	CHECK(c.frees == 2);
}

TEST(K62_zero_pool_may_fail)
{
	c.fail = 1;
	CHECK(mempool_init(&pool, 0, counter_alloc, counter_free, &c) == -ENOMEM);
	CHECK(c.allocs == 1 && c.frees == 0 && !mempool_initialized(&pool));
}

TEST(K63_K64_zero_pool_gives_and_takes_one)
{
	void *e, *got;
	pthread_t t;
	long start = now_ms();

	configure(0, NO_RETRY);
	set_up(0);
	c.fail = 1;
	e = mempool_alloc(&pool, GFP_NOWAIT);
	CHECK(e && mempool_alloc(&pool, GFP_NOWAIT) == NULL && mempool_is_saturated(&pool));
	CHECK(pthread_create(&t, NULL, sleeper, NULL) == 0);
	UNTIL(pool_waits(&pool) == 1);
	mempool_free(e, &pool);
	pthread_join(t, &got);
	CHECK(got == e && now_ms() - start < 30000);
	mempool_free(got, &pool);
	CHECK(pool.curr_nr == 1 && c.frees == 0);
	mempool_exit(&pool);
}

TEST(K67_zero_pool_grows)
{
	set_up(0);
	CHECK(mempool_resize(&pool, 4) == 0 && pool.min_nr == 4 && pool.curr_nr == 4);
	mempool_exit(&pool);
}

TEST_MAIN()
