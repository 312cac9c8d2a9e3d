/* One element at a time: contract K18 to K49. */
#include "check.h"
#include <signal.h>

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

static void empty_reserve(void **out, int n)
{
	for (int i = 0; i < n; i++)
		CHECK((out[i] = mempool_alloc_preallocated(&pool)) != NULL);
}

/* What alloc sees for a mask when it fails and the reserve is empty. */
static void check_masks(gfp_t gfp, gfp_t first, gfp_t second)
{
	void *e[2];

	set_up(2);
	empty_reserve(e, 2);
	c.fail = 1;
	CHECK(mempool_alloc(&pool, gfp) == NULL);
	CHECK(c.masks[0] == first && c.allocs == (second ? 2 : 1));
	if (second)
		CHECK(c.masks[1] == second);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
}

static void *sleeper(void *mask)
{
	void *e = mempool_alloc(&pool, (gfp_t)(uintptr_t)mask);

	CHECK(e != NULL);
	return e;
}

static pthread_t start_sleeper(gfp_t gfp)
{
	pthread_t t;
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };
	uint64_t waits;

	mempool_bulk_get_pool_stats(&pool, &s);
	waits = s.waits;
	CHECK(pthread_create(&t, NULL, sleeper, (void *)(uintptr_t)gfp) == 0);
	while (s.waits == waits) {
		nap_ms(1);
		mempool_bulk_get_pool_stats(&pool, &s);
	}
	return t;
}

TEST(K18_alloc_uses_the_function_first)
{
	void *e;

	set_up(2);
	e = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(e && c.allocs == 1 && pool.curr_nr == 2);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

TEST(K19_K32_first_mask_of_gfp_kernel)
{
	set_up(2);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(c.masks[0] == 0x92880 || c.masks[4] == 0x92880);
	mempool_exit(&pool);
}

static void check_sleeping_masks(gfp_t gfp, gfp_t first, gfp_t second)
{
	void *e[2], *got;
	pthread_t t;

	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	empty_reserve(e, 2);
	c.fail = 1;
	c.allocs = 0;
	t = start_sleeper(gfp);
	CHECK(c.allocs == 2 && c.masks[0] == first && c.masks[1] == second);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	CHECK(got == e[0]);
	mempool_free(got, &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
}

TEST(K20_second_mask_of_gfp_kernel) { check_sleeping_masks(GFP_KERNEL, 0x92880, 0x92cc0); }

TEST(K21_masks_of_noio_and_nofs)
{
	check_sleeping_masks(GFP_NOIO, 0x92800, 0x92c00);
	c.fail = 0;
	check_sleeping_masks(GFP_NOFS, 0x92800, 0x92c40);
}

TEST(K22_mask_of_gfp_atomic) { check_masks(GFP_ATOMIC, 0x92820, 0); }

TEST(K23_nowait_tries_once) { check_masks(GFP_NOWAIT, 0x92800, 0); }

TEST(K24_io_alone_tries_twice) { check_masks(__GFP_IO, 0x92000, 0x92040); }

TEST(K25_K26_reserve_is_last_in_first_out_and_before_reclaim)
{
	void *e[3];

	set_up(3);
	empty_reserve(e, 3);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	c.fail = 1;
	CHECK(mempool_alloc(&pool, GFP_KERNEL) == e[2]);
	CHECK(pool.curr_nr == 2 && c.allocs == 1);
	CHECK(mempool_alloc(&pool, GFP_NOWAIT) == e[1]);
	mempool_free(e[1], &pool);
	mempool_free(e[2], &pool);
	mempool_exit(&pool);
}

TEST(K27_K40_sleeps_until_a_free)
{
	void *e[1], *got;
	pthread_t t;

	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	nap_ms(50);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	CHECK(got == e[0] && c.frees == 0);
	mempool_free(got, &pool);
	mempool_exit(&pool);
}

TEST(K28_retries_without_a_free)
{
	void *e[1], *got;
	pthread_t t;
	long start = now_ms();

	configure(0, 200);
	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	c.fail = 0;
	pthread_join(t, &got);
	CHECK(got != e[0] && now_ms() - start < 4000);
	mempool_free(got, &pool);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

static void on_signal(int sig) { (void)sig; }

TEST(K29_signals_do_not_wake)
{
	void *e[1], *got;
	pthread_t t;
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	for (int i = 0; i < 20; i++) {
		pthread_kill(t, SIGUSR1);
		nap_ms(2);
	}
	CHECK(c.allocs == 2);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	mempool_free(got, &pool);
	mempool_exit(&pool);
}

TEST(K30_nofail_without_reclaim_may_fail) { check_masks(__GFP_NOFAIL, 0x9a000, 0); }

TEST(K31_memalloc_comes_with_nomemalloc)
{
	check_masks(__GFP_MEMALLOC, 0xb2000, 0);
	CHECK(c.masks[0] & __GFP_NOMEMALLOC);
}

TEST(H34_zero_is_reported_once)
{
	void *e;

	catch_reports();
	set_up(1);
	for (int i = 0; i < 3; i++) {
		e = mempool_alloc(&pool, GFP_KERNEL | __GFP_ZERO);
		CHECK(e && warns == 1 && bugs == 0);
		mempool_free(e, &pool);
	}
	mempool_exit(&pool);
}

static void *reentrant_alloc(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	if (mempool_initialized(&pool))
		mempool_free(mempool_alloc_preallocated(&pool), &pool);
	return malloc(8);
}

static void reentrant_free(void *element, void *data)
{
	(void)data;
	mempool_free(mempool_alloc_preallocated(&pool), &pool);
	free(element);
}

TEST(K35_K49_callbacks_run_without_the_lock)
{
	CHECK(mempool_init(&pool, 2, reentrant_alloc, reentrant_free, NULL) == 0);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(pool.curr_nr == 2);
	while (pool.curr_nr)
		free(mempool_alloc_preallocated(&pool));
	mempool_exit(&pool);
}

TEST(K36_K37_K48_preallocated)
{
	void *e[3];

	set_up(3);
	CHECK(mempool_is_saturated(&pool));
	empty_reserve(e, 3);
	CHECK(!mempool_is_saturated(&pool));
	CHECK(mempool_alloc_preallocated(&pool) == NULL && c.allocs == 0);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	CHECK(pool.curr_nr == 3 && c.frees == 0);
	mempool_exit(&pool);
}

TEST(K38_free_of_null)
{
	mempool_free(NULL, &pool);
	set_up(1);
	mempool_free(NULL, &pool);
	CHECK(pool.curr_nr == 1);
	mempool_exit(&pool);
}

TEST(K39_full_pool_frees)
{
	void *e;

	set_up(2);
	e = mempool_alloc(&pool, GFP_KERNEL);
	mempool_free(e, &pool);
	CHECK(c.frees == 1 && c.freed[0] == e && pool.curr_nr == 2);
	mempool_exit(&pool);
}

TEST(K41_K47_foreign_elements_are_taken)
{
	void *e[2], *x = malloc(32), *y = malloc(32);

	set_up(2);
	empty_reserve(e, 2);
	mempool_free(x, &pool);
	mempool_free(y, &pool);
	c.fail = 1;
	CHECK(mempool_alloc(&pool, GFP_KERNEL) == y && mempool_alloc(&pool, GFP_KERNEL) == x);
	free(x);
	free(y);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
}

TEST(K42_K43_many_sleepers)
{
	void *e[8], *got[8];
	pthread_t t[8];
	long start;

	set_up(8);
	empty_reserve(e, 8);
	c.fail = 1;
	for (int i = 0; i < 8; i++)
		t[i] = start_sleeper(GFP_KERNEL);
	start = now_ms();
	for (int i = 0; i < 8; i++)
		mempool_free(e[i], &pool);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], &got[i]);
	CHECK(now_ms() - start < 4000);
	for (int i = 0; i < 8; i++)
		mempool_free(got[i], &pool);
	CHECK(pool.curr_nr == 8);
	mempool_exit(&pool);
}

static void *ping(void *arg)
{
	for (int i = 0; i < 20000; i++)
		mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	return arg;
}

TEST(K33_K44_K45_K46_no_lost_wake_up_and_no_lost_element)
{
	pthread_t t[4];
	long start = now_ms();

	configure(0, 60000);
	set_up(2);
	c.fail = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, ping, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 2 && c.frees == 0);
	CHECK(now_ms() - start < 60000);
	mempool_exit(&pool);
}

TEST(noreserve_never_touches_the_reserve)
{
	void *e;

	set_up(2);
	c.fail = 1;
	CHECK(mempool_alloc_noreserve(&pool, GFP_KERNEL) == NULL && pool.curr_nr == 2);
	CHECK(c.masks[0] == GFP_KERNEL || c.masks[2] == GFP_KERNEL);
	c.fail = 0;
	e = mempool_alloc_noreserve(&pool, GFP_NOWAIT);
	CHECK(e != NULL);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

TEST_MAIN()
