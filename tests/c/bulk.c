/* Pages and elements in bulk from pools: contract H76 to K133. */
#include "check.h"

static mempool_t pool;

/* A bulk function with a quota, which remembers its calls. */
static struct {
	int calls, frees, quota, lie;
	gfp_t masks[16];
	unsigned int nr[16];
} b;

static unsigned int user_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
			      void (*cb)(struct page *, void *), void *cb_data)
{
	unsigned int populated = 0, got = 0;

	(void)data;
	if (b.calls < 16) {
		b.masks[b.calls] = gfp;
		b.nr[b.calls] = nr;
	}
	b.calls++;
	for (; array && populated < nr; populated++) {
		if (array[populated])
			continue;
		if (b.quota == 0)
			break;
		b.quota--;
		array[populated] = alloc_page(GFP_KERNEL);
	}
	for (; cb && got < nr && b.quota > 0; got++, b.quota--)
		cb(alloc_page(GFP_KERNEL), cb_data);
	return b.lie ? (unsigned int)b.lie : array ? populated : got;
}

static void user_free(void *page, void *data)
{
	(void)data;
	b.frees++;
	__free_page(page);
}

static void set_up(int min_nr, int quota)
{
	CHECK(mempool_init_pages_bulk(&pool, min_nr, user_bulk, user_free, NULL) == 0);
	b.quota = quota;
}

struct got {
	struct page *pages[512];
	unsigned int n;
};

static void on_page(struct page *page, void *data)
{
	struct got *got = data;

	CHECK(page != NULL);
	got->pages[got->n++] = page;
}

static void give_back(struct page **pages, unsigned int n)
{
	mempool_bulk_free_pages(&pool, pages, n);
}

TEST(K76_K78_prefill_does_not_use_the_bulk_function)
{
	set_up(8, 100);
	CHECK(b.calls == 0 && pool.curr_nr == 8 && pool.alloc == NULL && pool.alloc_pages_bulk == user_bulk);
	mempool_exit(&pool);
	CHECK(b.frees == 8);
}

TEST(K77_prefill_failure)
{
	configure(64 * 4096, 0);
	CHECK(mempool_init_pages_bulk(&pool, 1000, user_bulk, user_free, NULL) == -ENOMEM);
	CHECK(!mempool_initialized(&pool) && b.frees > 0 && outstanding() == 0);
	CHECK(mempool_create_pages_bulk(1000, user_bulk, user_free, NULL) == NULL);
	check_conserved();
}

TEST(K79_H80_H82_single_calls_on_a_bulk_pool)
{
	struct page *one, *two;

	set_up(2, 1);
	one = mempool_alloc(&pool, GFP_KERNEL);
	two = mempool_alloc_preallocated(&pool);
	CHECK(one && two && one != two && b.calls == 1 && pool.curr_nr == 1);
	mempool_free(one, &pool);
	CHECK(b.frees == 0);
	mempool_free(two, &pool);
	CHECK(b.frees == 1);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(H81_bulk_pool_grows)
{
	set_up(2, 100);
	CHECK(mempool_resize(&pool, 6) == 0 && pool.curr_nr == 6);
	mempool_exit(&pool);
}

TEST(H83_one_null_function)
{
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, user_free, NULL) == -EINVAL);
	CHECK(mempool_init_pages_bulk(&pool, 2, user_bulk, NULL, NULL) == -EINVAL);
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0 && pool.curr_nr == 2);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(K84_K101_array_from_the_function)
{
	struct page *p[8] = { NULL };

	set_up(4, 8);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(b.calls == 1 && b.masks[0] == 0x92880 && pool.curr_nr == 4);
	give_back(p, 8);
	CHECK(pool.curr_nr == 4 && b.frees == 8);
	mempool_exit(&pool);
}

TEST(K85_rest_from_the_reserve)
{
	struct page *p[8] = { NULL };

	set_up(4, 5);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(b.calls == 1 && pool.curr_nr == 1 && p[5] && p[7]);
	give_back(p, 8);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(K86_K89_partial_without_sleeping)
{
	struct page *p[8] = { NULL };
	unsigned int n = 0;

	set_up(1, 5);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT | __GFP_HIGHMEM, 8, p));
	CHECK(b.masks[0] == 0x92802);
	while (n < 8 && p[n])
		n++;
	CHECK(n + (unsigned)pool.curr_nr == 6);
	give_back(p, 8);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static void *bulk_sleeper(void *p)
{
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, p));
	return p;
}

TEST(K87_K88_second_call_has_the_same_nr)
{
	struct page *mine[4] = { NULL }, *theirs[4] = { NULL };
	pthread_t t;

	set_up(4, 0);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, mine) && pool.curr_nr == 0);
	b.calls = 0;
	CHECK(pthread_create(&t, NULL, bulk_sleeper, theirs) == 0);
	nap_ms(100);
	CHECK(b.calls == 2 && b.nr[0] == 4 && b.nr[1] == 4 && b.masks[1] == 0x92cc0);
	give_back(mine, 4);
	pthread_join(t, NULL);
	CHECK(theirs[3] != NULL);
	give_back(theirs, 4);
	mempool_exit(&pool);
}

TEST(K90_K91_populated_slots_stay)
{
	struct page *p[8] = { NULL }, *q[8];

	set_up(2, 100);
	for (int i = 0; i < 3; i++)
		p[i] = alloc_page(GFP_KERNEL);
	memcpy(q, p, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(memcmp(p, q, 3 * sizeof(*p)) == 0 && b.quota == 95);
	memcpy(q, p, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(memcmp(p, q, sizeof(p)) == 0 && b.quota == 95);
	give_back(p, 8);
	mempool_exit(&pool);
}

TEST(H92_H93_holes_and_refusal)
{
	struct page *p[8], *q[8];

	set_up(4, 0);
	for (int i = 0; i < 8; i++)
		q[i] = p[i] = i == 3 || i == 6 ? NULL : alloc_page(GFP_KERNEL);
	b.lie = 0;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	for (int i = 0; i < 8; i++)
		CHECK(i == 3 || i == 6 ? p[i] != NULL : p[i] == q[i]);
	CHECK(pool.curr_nr == 2);
	give_back(p, 8);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(H94_H95_function_that_lies)
{
	struct page *p[4] = { NULL };

	set_up(4, 0);
	b.lie = 1000;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, p));
	for (int i = 0; i < 4; i++)
		CHECK(p[i] != NULL);
	give_back(p, 4);
	mempool_exit(&pool);
}

TEST(K96_H97_counts_and_null_array)
{
	catch_reports();
	set_up(2, 100);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 0, NULL) && b.calls == 0);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 1, NULL) && warns == 1);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, ~0u, NULL) && warns == 2);
	CHECK(pool.curr_nr == 2);
	mempool_exit(&pool);
}

TEST(H98_classic_pools_too)
{
	struct page *p[16] = { NULL };
	mempool_t *classic = mempool_create_page_pool(4, 0);

	CHECK(mempool_alloc_pages_bulk_array(classic, GFP_KERNEL, 16, p) && p[15]);
	mempool_bulk_free_pages(classic, p, 16);
	mempool_destroy(classic);
	CHECK(outstanding() == 0);
}

static void *two_rounds(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		struct page *p[8] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
		give_back(p, 8);
	}
	return arg;
}

TEST(K100_K120_no_hold_and_wait)
{
	pthread_t t[3];

	configure(0, 60000);
	set_up(8, 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, two_rounds, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 8);
	mempool_exit(&pool);
}

static void *oversized(void *arg)
{
	struct page *p[6] = { NULL };

	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 6, p));
	give_back(p, 6);
	return arg;
}

TEST(H99_K122_more_than_min_nr)
{
	pthread_t t;

	catch_reports();
	configure(0, 100);
	set_up(4, 0);
	CHECK(pthread_create(&t, NULL, oversized, NULL) == 0);
	nap_ms(50);
	b.quota = 1000;
	pthread_join(t, NULL);
	CHECK(warns == 1 && pool.curr_nr == 4);
	mempool_exit(&pool);
}

TEST(K102_K110_callback_from_the_function)
{
	static struct got got;

	set_up(2, 9);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &got) && got.n == 8);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 1, on_page, &got) && got.n == 9 && b.calls == 2);
	for (int i = 0; i < 9; i++)
		for (int j = 0; j < i; j++)
			CHECK(got.pages[i] != got.pages[j]);
	give_back(got.pages, 9);
	mempool_exit(&pool);
}

TEST(K103_K111_callback_from_function_and_reserve)
{
	static struct got got;

	set_up(4, 5);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &got));
	CHECK(got.n == 8 && pool.curr_nr == 1);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 1, on_page, &got) && pool.curr_nr == 0);
	give_back(got.pages, got.n);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
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

	set_up(8, 0);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, on_page, &first));
	b.calls = 0;
	b.quota = 5;
	CHECK(pthread_create(&t, NULL, cb_sleeper, &got) == 0);
	nap_ms(100);
	CHECK(b.calls == 2 && b.nr[0] == 8 && b.nr[1] == 3);
	give_back(first.pages, 8);
	pthread_join(t, NULL);
	CHECK(got.n == 8);
	give_back(got.pages, 8);
	mempool_exit(&pool);
}

TEST(K105_K106_dm_crypts_sequence)
{
	static struct got got;

	set_up(8, 3);
	CHECK(mempool_alloc_preallocated(&pool) && mempool_alloc_preallocated(&pool));
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT, 16, on_page, &got) && got.n < 16);
	give_back(got.pages, got.n);
	got.n = 0;
	b.quota = 16;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT | __GFP_DIRECT_RECLAIM, 16, on_page, &got) && got.n == 16);
	give_back(got.pages, 16);
	mempool_exit(&pool);
}

static void meddling_cb(struct page *page, void *data)
{
	mempool_free(page, data);
	mempool_free(mempool_alloc_preallocated(data), data);
}

TEST(H107_callback_may_use_the_pool)
{
	set_up(4, 4);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 6, meddling_cb, &pool));
	CHECK(pool.curr_nr == 4);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(H108_H109_null_callback)
{
	int data;

	catch_reports();
	set_up(2, 9);
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 8, NULL, NULL));
	CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 1, NULL, &data));
	CHECK(warns == 2 && pool.curr_nr == 2 && b.calls == 0);
	mempool_exit(&pool);
}

static struct counter c;

static void set_up_elements(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

static void free_elements(void **e, int n)
{
	for (int i = 0; i < n; i++)
		mempool_free(e[i], &pool);
}

TEST(K113_K123_K125_both_spellings)
{
	void *e[4] = { NULL };

	set_up_elements(4);
	CHECK(mempool_alloc_bulk(&pool, e, 4, 0) == 0 && c.allocs == 4 && c.masks[3] == 0x92880);
	CHECK(pool.curr_nr == 4);
	free_elements(e, 4);
	CHECK(mempool_alloc_bulk(&pool, e, 4) == 0 && c.allocs == 8);
	free_elements(e, 4);
	CHECK(mempool_alloc_bulk(&pool, e, 0, 0) == 0 && mempool_alloc_bulk(&pool, e, 0) == 0 && c.allocs == 8);
	mempool_exit(&pool);
}

TEST(K114_populated_slots_stay)
{
	void *mine = malloc(32), *e[3] = { NULL, mine, NULL };

	set_up_elements(4);
	CHECK(mempool_alloc_bulk(&pool, e, 3, 1) == 0 && e[0] && e[1] == mine && e[2] && c.allocs == 2);
	free_elements(e, 3);
	mempool_exit(&pool);
}

TEST(K115_K117_missing_ones_from_the_reserve)
{
	void *e[4] = { NULL };

	set_up_elements(4);
	c.fail_after = 1;
	c.allow = 1;
	CHECK(mempool_alloc_bulk(&pool, e, 4, 0) == 0 && c.allocs == 2 && pool.curr_nr == 1);
	free_elements(e, 4);
	mempool_exit(&pool);
}

static void *element_sleeper(void *e)
{
	CHECK(mempool_alloc_bulk(&pool, (void **)e, 4) == 0);
	return NULL;
}

TEST(K116_K118_K119_K128_all_or_nothing)
{
	void *held[3], *e[4] = { NULL };
	pthread_t t;

	set_up_elements(4);
	for (int i = 0; i < 3; i++)
		held[i] = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, element_sleeper, e) == 0);
	nap_ms(50);
	CHECK(pool.curr_nr == 1 && c.allocs == 2 && c.masks[1] != 0);
	mempool_free(held[0], &pool);
	nap_ms(50);
	CHECK(pool.curr_nr == 2);
	CHECK(mempool_free_bulk(&pool, held + 1, 2) == 2);
	pthread_join(t, NULL);
	CHECK(pool.curr_nr == 0);
	free_elements(e, 4);
	mempool_exit(&pool);
}

TEST(K124_fresh_form_overwrites)
{
	void *e[2] = { (void *)16, (void *)32 };

	set_up_elements(2);
	CHECK(mempool_alloc_bulk(&pool, e, 2) == 0 && e[0] != (void *)16 && e[1] != (void *)32);
	free_elements(e, 2);
	mempool_exit(&pool);
}

TEST(K126_K127_H129_free_bulk)
{
	void *e[8], *rest;

	set_up_elements(3);
	for (int i = 0; i < 3; i++)
		e[i] = mempool_alloc_preallocated(&pool);
	for (int i = 3; i < 8; i++)
		e[i] = malloc(32);
	rest = e[3];
	CHECK(mempool_free_bulk(&pool, e, 8) == 3 && pool.curr_nr == 3 && c.frees == 0);
	CHECK(!e[0] && !e[2] && e[3] == rest);
	CHECK(mempool_free_bulk(&pool, e + 3, 5) == 0);
	free_elements(e + 3, 5);
	mempool_exit(&pool);
}

TEST(H130_K131_zero_pool_and_free_bulk)
{
	void *e[5];

	set_up_elements(0);
	e[0] = mempool_alloc_preallocated(&pool);
	CHECK(mempool_free_bulk(&pool, NULL, 0) == 0);
	for (int i = 1; i < 5; i++)
		e[i] = malloc(32);
	CHECK(mempool_free_bulk(&pool, e, 5) == 1 && pool.curr_nr == 1);
	free_elements(e, 5);
	mempool_exit(&pool);
}

TEST(H132_null_never_enters_the_reserve)
{
	void *a, *e[3] = { NULL };

	set_up_elements(3);
	a = mempool_alloc_preallocated(&pool);
	e[0] = mempool_alloc_preallocated(&pool);
	e[2] = mempool_alloc_preallocated(&pool);
	CHECK(mempool_free_bulk(&pool, e, 3) == 1 && pool.curr_nr == 1);
	mempool_free(e[2], &pool);
	mempool_free(a, &pool);
	mempool_exit(&pool);
}

TEST_MAIN()
