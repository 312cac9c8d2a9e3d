/* One element at a time, without sleeping: contract K18, K19, K22 to K26, K30 to K32, H34, K35 to K41,
 * K47 to K49. */
#include "check.h"

static mempool_t pool, other;
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
	CHECK(pool_waits(&pool) == 0);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
	c.fail = 0;
}

TEST(K18_alloc_uses_the_function_first)
{
	void *e;

	set_up(2);
	e = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(e && c.allocs == 1 && pool.curr_nr == 2);
	mempool_free(e, &pool);
	CHECK(c.frees == 1 && c.freed[0] == e);
	mempool_exit(&pool);
}

TEST(K19_K32_first_mask_of_gfp_kernel)
{
	set_up(2);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(c.allocs == 1 && c.masks[0] == 0x92880);
	CHECK((c.masks[0] & __GFP_KSWAPD_RECLAIM) && (c.masks[0] & __GFP_FS));
	CHECK(!(c.masks[0] & __GFP_IO) && !(c.masks[0] & __GFP_DIRECT_RECLAIM));
	mempool_exit(&pool);
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
	CHECK(mempool_alloc(&pool, 0) == e[0] && pool.curr_nr == 0);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

TEST(K30_nofail_without_reclaim_may_fail) { check_masks(__GFP_NOFAIL, 0x9a000, 0); }

TEST(K31_memalloc_comes_with_nomemalloc)
{
	check_masks(__GFP_MEMALLOC, 0xb2000, 0);
	CHECK(c.masks[0] & __GFP_NOMEMALLOC);
	check_masks(GFP_NOWAIT | __GFP_HIGHMEM, 0x92802, 0);
	check_masks(0, 0x92000, 0);
}

TEST(H34_zero_is_reported_once)
{
	void *e;

	catch_reports();
	set_up(1);
	for (int i = 0; i < 3; i++) {
		e = mempool_alloc(&pool, GFP_KERNEL | __GFP_ZERO);
		CHECK(e && warns == 1 && bugs == 0 && (c.masks[i] & __GFP_ZERO));
		mempool_free(e, &pool);
	}
	mempool_exit(&pool);
}

static pthread_mutex_t user_lock = PTHREAD_MUTEX_INITIALIZER;

static void *reentrant_alloc(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	pthread_mutex_lock(&user_lock);
	if (mempool_initialized(&pool))
		mempool_free(mempool_alloc_preallocated(&pool), &pool);
	pthread_mutex_unlock(&user_lock);
	return malloc(8);
}

static void reentrant_free(void *element, void *data)
{
	(void)data;
	mempool_free(mempool_alloc_preallocated(&pool), &pool);
	free(element);
}

TEST(K35_callbacks_run_without_the_lock)
{
	CHECK(mempool_init(&pool, 2, reentrant_alloc, reentrant_free, NULL) == 0);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(pool.curr_nr == 2);
	while (pool.curr_nr)
		free(mempool_alloc_preallocated(&pool));
	mempool_exit(&pool);
}

static void free_into_the_other(void *element, void *data)
{
	(void)data;
	mempool_free(element, &other);
}

TEST(K49_free_function_may_free_into_another_pool)
{
	void *kept;

	CHECK(mempool_init(&other, 1, counter_alloc, counter_free, &c) == 0);
	CHECK(mempool_init(&pool, 1, counter_alloc, free_into_the_other, &c) == 0);
	kept = mempool_alloc_preallocated(&other);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(other.curr_nr == 1 && c.frees == 0);
	mempool_exit(&pool);
	CHECK(c.frees == 1);
	mempool_free(kept, &other);
	mempool_exit(&other);
	CHECK(c.allocs == 3 && c.frees == 3);
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
	CHECK(pool.curr_nr == 3 && c.frees == 0 && mempool_is_saturated(&pool));
	for (int i = 2; i >= 0; i--)
		CHECK(mempool_alloc_preallocated(&pool) == e[i]);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

TEST(K38_free_of_null)
{
	catch_reports();
	mempool_free(NULL, &pool);
	set_up(1);
	mempool_free(NULL, &pool);
	CHECK(pool.curr_nr == 1 && c.frees == 0 && bugs == 0 && warns == 0);
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

TEST(K40_short_pool_keeps)
{
	void *e[2];

	set_up(2);
	empty_reserve(e, 2);
	for (int i = 0; i < 2; i++) {
		mempool_free(e[i], &pool);
		CHECK(pool.curr_nr == i + 1 && c.frees == 0);
	}
	mempool_exit(&pool);
}

TEST(K41_K47_foreign_elements_are_taken)
{
	void *e[2], *x = counter_alloc(0, &c), *y = malloc(32);

	set_up(2);
	empty_reserve(e, 2);
	mempool_free(x, &pool);
	mempool_free(y, &pool);
	CHECK(pool.curr_nr == 2 && c.frees == 0);
	c.fail = 1;
	CHECK(mempool_alloc(&pool, GFP_KERNEL) == y && mempool_alloc(&pool, GFP_KERNEL) == x);
	free(x);
	free(y);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
}

TEST(noreserve_never_touches_the_reserve)
{
	void *e;

	set_up(2);
	c.fail = 1;
	CHECK(mempool_alloc_noreserve(&pool, GFP_KERNEL) == NULL && pool.curr_nr == 2);
	CHECK(c.allocs == 1 && c.masks[0] == GFP_KERNEL && pool_waits(&pool) == 0);
	c.fail = 0;
	e = mempool_alloc_noreserve(&pool, GFP_NOWAIT);
	CHECK(e != NULL);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

TEST_MAIN()
