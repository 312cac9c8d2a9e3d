/* Bulk pools: the callback form. Contract K102 to K112. */
#include "bulk_fn.h"

struct got {
	struct page *pages[512];
	unsigned int n;
};

static void on_page(struct page *page, void *data)
{
	struct got *got = data;

	CHECK(page != NULL && got->n < 512);
	got->pages[got->n++] = page;
}

TEST(K102_K110_callback_from_the_function)
{
	static struct got got;

	set_up(2, 9);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &got) && got.n == 8);
	CHECK(b.calls == 1 && b.masks[0] == 0x92880 && pool.curr_nr == 2);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 1, on_page, &got) && got.n == 9);
	CHECK(b.calls == 2 && b.nr[1] == 1 && pool.curr_nr == 2);
	check_all_different(got.pages, 9);
	give_back(got.pages, 9);
	tear_down();
}

TEST(K103_callback_from_function_and_reserve)
{
	static struct got got;

	set_up(4, 5);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &got));
	CHECK(got.n == 8 && pool.curr_nr == 1 && b.calls == 1);
	check_all_different(got.pages, 8);
	give_back(got.pages, got.n);
	tear_down();
}

TEST(K111_function_refuses_what_a_pool_asks)
{
	static struct got got;

	set_up(4, 100);
	b.refuse = true;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 4, on_page, &got));
	CHECK((b.masks[0] & __GFP_NORETRY) && got.n == 4 && pool.curr_nr == 0 && b.quota == 100);
	check_all_different(got.pages, 4);
	give_back(got.pages, got.n);
	tear_down();
}

TEST(H94_function_claims_pages_that_it_did_not_deliver)
{
	static struct got got;

	set_up(4, 1);
	b.lie = 1000;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 4, on_page, &got) && got.n == 4 && pool.curr_nr == 1);
	check_all_different(got.pages, 4);
	give_back(got.pages, got.n);
	tear_down();
}

static void *cb_sleeper(void *got)
{
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, got));
	return NULL;
}

TEST(K104_second_call_asks_for_the_rest)
{
	static struct got first, got;
	pthread_t t;

	configure(0, NO_RETRY);
	set_up(8, 0);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &first));
	b.calls = 0;
	b.quota = 5;
	CHECK(pthread_create(&t, NULL, cb_sleeper, &got) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(b.calls == 2 && b.nr[0] == 8 && b.nr[1] == 3 && b.masks[1] == 0x92cc0);
	give_back(first.pages, 8);
	pthread_join(t, NULL);
	CHECK(got.n == 8);
	give_back(got.pages, 8);
	tear_down();
}

TEST(K105_K106_dm_crypts_sequence)
{
	static struct got got;
	struct page *held[2];

	set_up(8, 3);
	held[0] = mempool_alloc_preallocated(&pool);
	held[1] = mempool_alloc_preallocated(&pool);
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT, 16, on_page, &got) && got.n >= 3 && got.n < 16);
	for (unsigned int i = 0; i < got.n; i++) {
		CHECK(page_count(got.pages[i]) == 1);
		mempool_free(got.pages[i], &pool);
	}
	got.n = 0;
	b.quota = 12;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT | __GFP_DIRECT_RECLAIM, 16, on_page, &got) && got.n == 16);
	check_all_different(got.pages, 16);
	give_back(got.pages, 16);
	give_back(held, 2);
	CHECK(pool.curr_nr == 8);
	tear_down();
}

static pthread_mutex_t user_lock = PTHREAD_MUTEX_INITIALIZER;

static void meddling_cb(struct page *page, void *data)
{
	pthread_mutex_lock(&user_lock);
	mempool_free(page, data);
	mempool_free(mempool_alloc_preallocated(data), data);
	pthread_mutex_unlock(&user_lock);
}

TEST(H107_callback_may_use_the_pool)
{
	set_up(4, 4);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 6, meddling_cb, &pool));
	CHECK(pool.curr_nr == 4);
	tear_down();
}

static void nested_cb(struct page *page, void *data)
{
	static struct got inner;

	inner.n = 0;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 2, on_page, &inner) && inner.n == 2);
	give_back(inner.pages, 2);
	on_page(page, data);
}

TEST(H107_callback_may_make_a_request_of_its_own)
{
	static struct got got;

	set_up(4, 0);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 2, nested_cb, &got) && got.n == 2 && pool.curr_nr == 2);
	check_all_different(got.pages, 2);
	give_back(got.pages, 2);
	CHECK(mempool_resize(&pool, 6) == 0);
	tear_down();
}

static void resizing_cb(struct page *page, void *data)
{
	CHECK(mempool_resize(&pool, pool.min_nr == 9 ? 3 : 9) == 0);
	on_page(page, data);
}

TEST(H107_callback_may_resize_the_pool)
{
	static struct got got;

	set_up(4, 0);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 4, resizing_cb, &got) && got.n == 4);
	check_all_different(got.pages, 4);
	b.quota = 100;
	give_back(got.pages, 4);
	tear_down();
}

TEST(H108_H109_null_callback)
{
	int data;

	catch_reports();
	set_up(2, 9);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 0, NULL, NULL) && warns == 0);
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, NULL, NULL) && warns == 1);
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 1, NULL, &data) && warns == 2);
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, ~0u, NULL, &data) && warns == 3);
	CHECK(pool.curr_nr == 2 && b.calls == 0);
	tear_down();
}

static atomic_long in_use;

static unsigned int counting_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
				  void (*cb)(struct page *, void *), void *cb_data)
{
	unsigned int ret = user_bulk(gfp, nr, data, array, cb, cb_data);

	in_use += ret;
	return ret;
}

static void counting_free(void *page, void *data)
{
	in_use--;
	user_free(page, data);
}

TEST(K112_accounting_of_the_users)
{
	static struct got got;

	CHECK(mempool_init_pages_bulk(&pool, 4, counting_bulk, counting_free, &b) == 0 && in_use == 0);
	for (int round = 0; round < 5; round++) {
		got.n = 0;
		b.quota = round * 2;
		CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8 - 4 + (unsigned)round, on_page, &got));
		give_back(got.pages, got.n);
		CHECK(in_use == 0 && pool.curr_nr == 4);
	}
	tear_down();
	CHECK(in_use == -4);
}

TEST_MAIN()
