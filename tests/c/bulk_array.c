/* Bulk pools: setting them up, single calls, the array form. Contract K76 to K101. */
#include "bulk_fn.h"

TEST(K76_K78_prefill_does_not_use_the_bulk_function)
{
	struct page *p;

	set_up(8, 100);
	CHECK(b.calls == 0 && pool.curr_nr == 8 && pool.alloc == NULL && pool.alloc_pages_bulk == user_bulk);
	CHECK(outstanding() == 8);
	p = mempool_alloc_preallocated(&pool);
	CHECK(page_count(p) == 1 && compound_order(p) == 0 && (uintptr_t)page_address(p) % 4096 == 0);
	mempool_free(p, &pool);
	tear_down();
	CHECK(b.frees == 8);
}

TEST(K77_prefill_failure)
{
	configure(64 * 4096, 0);
	CHECK(mempool_init_pages_bulk(&pool, 1000, user_bulk, user_free, &b) == -ENOMEM);
	CHECK(!mempool_initialized(&pool) && b.frees > 0 && outstanding() == 0);
	CHECK(mempool_create_pages_bulk(1000, user_bulk, user_free, &b) == NULL);
	check_conserved();
}

TEST(K79_full_bulk_pool_frees)
{
	struct page *p = alloc_page(GFP_KERNEL);

	set_up(2, 0);
	mempool_free(p, &pool);
	CHECK(b.frees == 1 && pool.curr_nr == 2 && page_count(p) == 0);
	tear_down();
}

TEST(H80_H82_single_calls_on_a_bulk_pool)
{
	struct page *one, *two;

	set_up(2, 1);
	one = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(one && b.calls == 1 && b.nr[0] == 1 && b.masks[0] == 0x92880 && pool.curr_nr == 2);
	two = mempool_alloc_preallocated(&pool);
	CHECK(two && one != two && b.calls == 1 && pool.curr_nr == 1);
	mempool_free(one, &pool);
	CHECK(b.frees == 0);
	mempool_free(two, &pool);
	CHECK(b.frees == 1);
	tear_down();
}

TEST(H81_bulk_pool_grows)
{
	set_up(2, 3);
	CHECK(mempool_resize(&pool, 6) == 0 && pool.min_nr == 6 && pool.curr_nr == 5);
	for (int i = 0; i < b.calls; i++)
		CHECK(b.nr[i] == 1 && b.masks[i] == 0xcc0);
	b.quota = 100;
	CHECK(mempool_bulk_refill(&pool, GFP_KERNEL) == 1 && pool.curr_nr == 6);
	tear_down();
}

TEST(H83_one_null_function)
{
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, user_free, NULL) == -EINVAL);
	CHECK(mempool_init_pages_bulk(&pool, 2, user_bulk, NULL, NULL) == -EINVAL);
	CHECK(mempool_create_pages_bulk(2, NULL, user_free, NULL) == NULL);
	CHECK(mempool_create_pages_bulk(2, user_bulk, NULL, NULL) == NULL);
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0 && pool.curr_nr == 2);
	tear_down();
}

TEST(K84_array_from_the_function)
{
	struct page *p[8] = { NULL };

	set_up(4, 8);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(b.calls == 1 && b.masks[0] == 0x92880 && b.nr[0] == 8 && b.array[0] == p && pool.curr_nr == 4);
	check_all_different(p, 8);
	give_back(p, 8);
	CHECK(pool.curr_nr == 4 && b.frees == 8);
	tear_down();
}

TEST(K85_K101_rest_from_the_reserve_and_back)
{
	struct page *p[8] = { NULL };

	set_up(4, 5);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(b.calls == 1 && pool.curr_nr == 1);
	check_all_different(p, 8);
	for (int i = 0; i < 8; i++) {
		mempool_free(p[i], &pool);
		CHECK(pool.curr_nr == (i < 3 ? i + 2 : 4) && b.frees == (i < 3 ? 0 : i - 2));
	}
	tear_down();
}

TEST(K86_K89_partial_without_sleeping)
{
	struct page *p[8] = { NULL };
	unsigned int n = 0;

	set_up(1, 5);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT | __GFP_HIGHMEM, 8, p));
	CHECK(b.calls == 1 && b.masks[0] == 0x92802);
	while (n < 8 && p[n])
		n++;
	CHECK(n + (unsigned)pool.curr_nr == 6);
	for (unsigned int i = n; i < 8; i++)
		CHECK(p[i] == NULL);
	give_back(p, 8);
	CHECK(pool.curr_nr == 1);
	tear_down();
}

static void *bulk_sleeper(void *p)
{
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, p));
	return p;
}

TEST(K87_K88_second_call_has_the_same_nr_and_array)
{
	struct page *mine[4] = { NULL }, *theirs[4] = { NULL };
	pthread_t t;

	configure(0, NO_RETRY);
	set_up(4, 0);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, mine) && pool.curr_nr == 0);
	b.calls = 0;
	b.quota = 1;
	CHECK(pthread_create(&t, NULL, bulk_sleeper, theirs) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(b.calls == 2 && b.nr[0] == 4 && b.nr[1] == 4 && b.masks[1] == 0x92cc0);
	CHECK(b.array[0] == theirs && b.array[1] == theirs);
	give_back(mine, 4);
	pthread_join(t, NULL);
	check_all_different(theirs, 4);
	give_back(theirs, 4);
	tear_down();
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
	check_all_different(p, 8);
	memcpy(q, p, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	CHECK(memcmp(p, q, sizeof(p)) == 0 && b.quota == 95 && pool.curr_nr == 2);
	give_back(p, 8);
	tear_down();
}

/* Six of eight slots are populated, 3 and 6 are not. */
static void check_holes(void)
{
	struct page *p[8], *q[8];

	for (int i = 0; i < 8; i++)
		q[i] = p[i] = i == 3 || i == 6 ? NULL : alloc_page(GFP_KERNEL);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
	for (int i = 0; i < 8; i++)
		CHECK(i == 3 || i == 6 ? p[i] != NULL : p[i] == q[i]);
	check_all_different(p, 8);
	CHECK(pool.curr_nr == 2 && b.calls == 1);
	give_back(p, 8);
	tear_down();
}

TEST(H92_function_stops_at_a_hole)
{
	set_up(4, 0);
	check_holes();
}

TEST(H93_function_refuses_although_slots_are_populated)
{
	set_up(4, 100);
	b.refuse = true;
	check_holes();
}

TEST(H94_function_claims_more_than_nr)
{
	struct page *p[6] = { NULL };

	p[4] = p[5] = (struct page *)&pool;
	set_up(4, 1);
	b.lie = 1000;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, p));
	check_all_different(p, 4);
	CHECK(pool.curr_nr == 1 && p[4] == (struct page *)&pool && p[5] == (struct page *)&pool);
	give_back(p, 4);
	tear_down();
}

TEST(H95_function_claims_what_it_did_not_store)
{
	struct page *p[4] = { NULL };

	set_up(3, 0);
	b.lie = 4;
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 4, p));
	give_back(p, 4);
	memset(p, 0, sizeof(p));
	b.lie = 3;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 3, p));
	check_all_different(p, 3);
	give_back(p, 3);
	CHECK(pool.curr_nr == 3);
	tear_down();
}

TEST(K96_H97_counts_and_null_array)
{
	struct page *untouched = (struct page *)&pool;

	catch_reports();
	set_up(2, 100);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 0, NULL));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 0, &untouched));
	CHECK(untouched == (struct page *)&pool && warns == 0 && b.quota == 100);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 1, NULL) && warns == 1);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 0x7fffffff, NULL) && warns == 2);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, ~0u, NULL) && warns == 3);
	CHECK(pool.curr_nr == 2 && b.quota == 100);
	tear_down();
}

TEST(H98_classic_pools_too)
{
	static struct counter c;
	struct page *p[16] = { NULL };
	mempool_t *classic = mempool_create_page_pool(4, 0), *blocks = mempool_create_page_pool(2, 1);

	CHECK(classic && blocks);
	CHECK(mempool_alloc_pages_bulk_array(classic, GFP_KERNEL, 16, p));
	check_all_different(p, 16);
	mempool_bulk_free_pages(classic, p, 16);
	memset(p, 0, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(blocks, GFP_KERNEL, 4, p));
	for (int i = 0; i < 4; i++)
		memset(page_address(p[i]), 1, 2 * 4096);
	mempool_bulk_free_pages(blocks, p, 4);
	mempool_destroy(classic);
	mempool_destroy(blocks);
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	memset(p, 0, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 3, p) && c.allocs == 5);
	mempool_bulk_free_pages(&pool, p, 3);
	tear_down();
	CHECK(c.frees == 5);
}

static void *oversized(void *arg)
{
	struct page *p[6] = { NULL };

	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 6, p));
	give_back(p, 6);
	return arg;
}

TEST(H99_more_than_min_nr)
{
	pthread_t t;

	catch_reports();
	configure(0, 100);
	set_up(4, 0);
	for (int round = 0; round < 2; round++) {
		b.quota = 0;
		CHECK(pthread_create(&t, NULL, oversized, NULL) == 0);
		UNTIL(pool_waits(&pool) > 0);
		b.quota = 1000;
		pthread_join(t, NULL);
		CHECK(warns == 1 && pool.curr_nr == 4);
	}
	tear_down();
}

TEST(H99_takes_what_comes)
{
	struct page *extra[2];
	pthread_t t;

	catch_reports();
	configure(0, NO_RETRY);
	set_up(4, 0);
	for (int round = 1; round <= 2; round++) {
		unsigned long waits = pool_waits(&pool);

		CHECK(pthread_create(&t, NULL, oversized, NULL) == 0);
		for (unsigned long i = 0; i < 2; i++) {
			extra[i] = alloc_page(GFP_KERNEL);
			UNTIL(pool_waits(&pool) > waits + i);
			mempool_free(extra[i], &pool);
		}
		pthread_join(t, NULL);
		CHECK(warns == 1 && pool.curr_nr == 4 && b.frees == 2 * round);
	}
	tear_down();
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

TEST(K100_no_hold_and_wait)
{
	pthread_t t[3];

	configure(0, NO_RETRY);
	set_up(8, 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, two_rounds, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 8);
	tear_down();
}

TEST_MAIN()
