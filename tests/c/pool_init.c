/* Setting pools up and tearing them down: contract K1 to K17. */
#include "check.h"

static mempool_t pool;
static struct counter c;

TEST(K1_init_prefills_with_gfp_kernel)
{
	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &c) == 0);
	CHECK(c.allocs == 4 && pool.min_nr == 4 && pool.curr_nr == 4);
	for (int i = 0; i < 4; i++)
		CHECK(c.masks[i] == 0xcc0);
	mempool_exit(&pool);
}

TEST(K2_init_node_passes_the_mask_unchanged)
{
	CHECK(mempool_init_node(&pool, 3, counter_alloc, counter_free, &c, GFP_NOWAIT, -1) == 0);
	CHECK(c.allocs == 3 && c.masks[0] == 0x2800 && c.masks[2] == 0x2800);
	mempool_exit(&pool);
}

TEST(K3_prefill_failure_gives_everything_back)
{
	c.fail_after = 1;
	c.allow = 2;
	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &c) == -ENOMEM);
	CHECK(c.allocs == 3 && c.frees == 2 && !mempool_initialized(&pool) && pool.curr_nr == 0);
}

TEST(K4_create_fails_with_null)
{
	c.fail_after = 1;
	c.allow = 2;
	CHECK(mempool_create(4, counter_alloc, counter_free, &c) == NULL);
	CHECK(c.frees == 2);
}

TEST(K5_exit_of_a_zeroed_pool)
{
	mempool_exit(&pool);
	CHECK(c.frees == 0);
}

TEST(K6_exit_twice)
{
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	mempool_exit(&pool);
	mempool_exit(&pool);
	CHECK(c.frees == 2);
}

TEST(K7_init_again_after_exit)
{
	for (int round = 0; round < 3; round++) {
		CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
		CHECK(pool.curr_nr == 2);
		mempool_exit(&pool);
	}
	CHECK(c.allocs == 6 && c.frees == 6);
}

TEST(K8_exit_frees_last_in_first_out)
{
	void *e[4];

	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &c) == 0);
	for (int i = 0; i < 4; i++)
		e[i] = mempool_alloc_preallocated(&pool);
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
	for (int i = 0; i < 4; i++)
		CHECK(c.freed[i] == e[3 - i]);
}

TEST(K9_destroy_null)
{
	mempool_destroy(NULL);
}

TEST(K10_destroy_frees_only_the_reserve)
{
	mempool_t *p = mempool_create(4, counter_alloc, counter_free, &c);
	void *a, *b;

	CHECK(p);
	a = mempool_alloc_preallocated(p);
	b = mempool_alloc_preallocated(p);
	mempool_destroy(p);
	CHECK(c.frees == 2);
	for (int i = 0; i < 2; i++)
		CHECK(c.freed[i] != a && c.freed[i] != b);
	free(a);
	free(b);
}

TEST(K11_initialized_says_so)
{
	CHECK(!mempool_initialized(&pool));
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	CHECK(mempool_initialized(&pool));
	mempool_exit(&pool);
	CHECK(!mempool_initialized(&pool));
}

TEST(H12_garbage_before_init)
{
	memset(&pool, 0x5a, sizeof(pool));
	CHECK(mempool_init(&pool, 3, counter_alloc, counter_free, &c) == 0);
	CHECK(pool.curr_nr == 3 && c.allocs == 3);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	mempool_exit(&pool);
}

TEST(H13_negative_min_nr)
{
	CHECK(mempool_init(&pool, -1, counter_alloc, counter_free, &c) == -EINVAL);
	CHECK(mempool_init(&pool, -0x7fffffff - 1, counter_alloc, counter_free, &c) == -EINVAL);
	CHECK(mempool_create(-5, counter_alloc, counter_free, &c) == NULL);
	CHECK(mempool_init_pages_bulk(&pool, -1, NULL, NULL, NULL) == -EINVAL && !mempool_initialized(&pool));
	CHECK(c.allocs == 0 && c.frees == 0);
}

TEST(K14_min_nr_beyond_reason)
{
	static const int beyond[] = { 0x7fffffff, 524289 }; /* 524288 pointers are 4 MiB */

	for (int i = 0; i < 2; i++) {
		CHECK(mempool_init(&pool, beyond[i], counter_alloc, counter_free, &c) == -ENOMEM);
		CHECK(mempool_create(beyond[i], counter_alloc, counter_free, &c) == NULL);
		CHECK(mempool_init_pages_bulk(&pool, beyond[i], NULL, NULL, NULL) == -ENOMEM);
		CHECK(c.allocs == 0 && c.frees == 0 && !mempool_initialized(&pool) && outstanding() == 0);
	}
}

TEST(K15_any_node)
{
	mempool_t *p = mempool_create_node(2, counter_alloc, counter_free, &c, GFP_KERNEL, -1);
	mempool_t *q = mempool_create_node(2, counter_alloc, counter_free, &c, GFP_KERNEL, 0);

	CHECK(p && q);
	mempool_destroy(p);
	mempool_destroy(q);
}

TEST(K16_create_never_gives_an_error_pointer)
{
	c.fail = 1;
	CHECK(mempool_create(1, counter_alloc, counter_free, &c) == NULL);
	CHECK(mempool_create_pages_bulk(-1, NULL, NULL, NULL) == NULL);
}

TEST(K17_embedded_pool)
{
	struct driver {
		int before;
		mempool_t pool;
		int after;
	} *d = calloc(1, sizeof(*d));
	void *e;

	CHECK(mempool_init(&d->pool, 2, counter_alloc, counter_free, &c) == 0);
	e = mempool_alloc(&d->pool, GFP_NOIO);
	CHECK(e && d->before == 0 && d->after == 0);
	mempool_free(e, &d->pool);
	CHECK(mempool_resize(&d->pool, 5) == 0 && d->pool.curr_nr == 5);
	mempool_exit(&d->pool);
	free(d);
}

TEST(moved_by_assignment_while_idle)
{
	mempool_t moved;

	CHECK(mempool_init(&pool, 3, counter_alloc, counter_free, &c) == 0);
	moved = pool;
	memset(&pool, 0, sizeof(pool));
	mempool_free(mempool_alloc_preallocated(&moved), &moved);
	CHECK(moved.curr_nr == 3);
	mempool_exit(&moved);
	CHECK(c.frees == 3);
}

TEST(memory_is_zeroed_again_by_moving_both_ways)
{
	mempool_t there;
	struct page *p[8] = { NULL };

	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	for (int round = 0; round < 3; round++) {
		there = pool;
		memset(&pool, 0, sizeof(pool));
		CHECK(!mempool_initialized(&pool) && mempool_resize(&there, 4 + round) == 0);
		pool = there;
		memset(&there, 0x5a, sizeof(there));
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p) && p[7]);
		mempool_bulk_free_pages(&pool, p, 8);
		memset(p, 0, sizeof(p));
	}
	CHECK(pool.curr_nr == 6);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST_MAIN()
