/* mempool_bulk_alloc_pages_timeout(): requests that sleep no longer than they are told. */
#include "check.h"

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	configure(0, 60000);
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

static void free_all(void **e, int n)
{
	for (int i = 0; i < n; i++)
		mempool_free(e[i], &pool);
}

/* A request that takes ms at most; for ever if that is negative. */
static int take(int nr, void **e, gfp_t gfp, long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	return mempool_bulk_alloc_pages_timeout(&pool, gfp, (unsigned int)nr, (struct page **)e, ms < 0 ? NULL : &t);
}

TEST(what_is_there_needs_no_time)
{
	void *e[4] = { NULL };

	set_up(4);
	CHECK(take(4, e, GFP_KERNEL, 0) == 0 && c.allocs == 1 && take(4, e, GFP_KERNEL, 0) == 0);
	free_all(e, 4);
	memset(e, 0, sizeof(e));
	CHECK(take(4, e, GFP_NOWAIT, 0) == 0 && take(0, NULL, GFP_KERNEL, 0) == 0);
	free_all(e, 4);
	CHECK(stats().timeouts == 0 && stats().waits == 0);
	mempool_exit(&pool);
}

TEST(the_limit_ends_a_sleep)
{
	void *e[4] = { NULL }, *got[4] = { NULL };
	long start;

	set_up(4);
	CHECK(take(4, e, GFP_KERNEL, 0) == 0);
	start = now_ms();
	CHECK(take(4, got, GFP_KERNEL, 100) == -ETIMEDOUT && got[0] == NULL);
	CHECK(now_ms() - start >= 100 && now_ms() - start < 20000);
	CHECK(stats().timeouts == 1 && stats().waiters == 0 && stats().waits > 0);
	free_all(e, 4);
	mempool_exit(&pool);
}

TEST(no_time_means_both_passes_and_no_sleep)
{
	void *e[1] = { NULL }, *got[1] = { NULL };

	set_up(1);
	CHECK(take(1, e, GFP_KERNEL, 0) == 0);
	c.allocs = 0;
	CHECK(take(1, got, GFP_KERNEL, 0) == -ETIMEDOUT);
	CHECK(c.allocs == 2 && c.masks[0] == 0x92880 && c.masks[1] == 0x92cc0 && stats().waits == 0);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

TEST(a_mask_that_may_not_sleep_tries_once)
{
	void *e[1] = { NULL }, *got[1] = { NULL };

	set_up(1);
	CHECK(take(1, e, GFP_KERNEL, 0) == 0);
	c.allocs = 0;
	CHECK(take(1, got, GFP_NOWAIT, -1) == -ETIMEDOUT && c.allocs == 1 && stats().waits == 0);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

TEST(what_was_obtained_stays)
{
	void *e[4] = { NULL }, *got[4] = { NULL }, *first;

	set_up(4);
	CHECK(take(4, e, GFP_KERNEL, 0) == 0);
	c.fail = 0;
	c.fail_after = 1;
	c.allow = c.allocs + 2;
	CHECK(take(4, got, GFP_KERNEL, 20) == -ETIMEDOUT && got[0] && got[1] && !got[2] && !got[3]);
	first = got[0];
	c.fail_after = 0;
	CHECK(take(4, got, GFP_KERNEL, -1) == 0 && got[0] == first && got[3]);
	free_all(e, 4);
	free_all(got, 4);
	mempool_exit(&pool);
	CHECK(c.frees == 8);
}

static void *late_free(void *element)
{
	while (stats().waits == 0)
		nap_ms(1);
	mempool_free(element, &pool);
	return NULL;
}

TEST(a_free_in_time_is_a_success)
{
	void *e[1] = { NULL }, *got[1] = { NULL };
	pthread_t t;

	set_up(1);
	CHECK(take(1, e, GFP_KERNEL, 0) == 0);
	CHECK(pthread_create(&t, NULL, late_free, e[0]) == 0);
	CHECK(take(1, got, GFP_KERNEL, 50000) == 0 && got[0] == e[0]);
	pthread_join(t, NULL);
	CHECK(stats().timeouts == 0);
	mempool_free(got[0], &pool);
	mempool_exit(&pool);
}

TEST(impossible_arguments)
{
	struct timespec negative = { -1, 0 }, too_many = { 0, 1000000000 }, zero = { 0, 0 };
	struct page *p[1] = { NULL };
	mempool_t none = { 0 };

	catch_reports();
	set_up(1);
	CHECK(mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 1, p, &negative) == -EINVAL);
	CHECK(mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 1, p, &too_many) == -EINVAL);
	CHECK(mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 1, NULL, &zero) == -EINVAL && warns == 1);
	CHECK(mempool_bulk_alloc_pages_timeout(NULL, GFP_KERNEL, 1, p, &zero) == -EINVAL && bugs == 1);
	CHECK(mempool_bulk_alloc_pages_timeout(&none, GFP_KERNEL, 1, p, &zero) == -EINVAL && bugs == 2);
	CHECK(pool.curr_nr == 1 && !p[0] && stats().timeouts == 0);
	mempool_exit(&pool);
}

TEST_MAIN()
