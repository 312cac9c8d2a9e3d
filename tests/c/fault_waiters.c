/* Faults and those who wait: when a fault ends, or strikes while something comes back, nobody is left waiting
 * for what is there. */
#include "requests.h"

static int fail(enum mempool_bulk_fault which, long times)
{
	struct mempool_bulk_fault_attr attr = { 100, 1, times, 0 };

	return mempool_bulk_set_fault(which, &attr);
}

static void pages_pool(int min_nr)
{
	configure(16 << 20, NO_RETRY);
	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, min_nr, NULL, NULL, NULL) == 0);
}

static void *sleeper(void *element)
{
	*(void **)element = mempool_alloc(&pool, GFP_KERNEL);
	return NULL;
}

/* Nobody who sleeps looks again by himself. */
static void sleeps_until_the_fault_ends(enum mempool_bulk_fault which)
{
	void *first = mempool_alloc_preallocated(&pool), *second = NULL;
	pthread_t t;

	CHECK(first && fail(which, -1) == 0);
	CHECK(pthread_create(&t, NULL, sleeper, &second) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(mempool_bulk_set_fault(which, NULL) == 0);
	pthread_join(t, NULL);
	CHECK(second);
	mempool_free(first, &pool);
	mempool_free(second, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0 && bugs == 0);
}

TEST(a_sleeper_hears_that_a_fault_of_elements_ends)
{
	configure(0, NO_RETRY);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 64) == 0);
	sleeps_until_the_fault_ends(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC);
}

TEST(a_sleeper_hears_that_a_fault_of_pages_ends)
{
	pages_pool(1);
	sleeps_until_the_fault_ends(MEMPOOL_BULK_FAIL_PAGE_ALLOC);
}

TEST(a_request_hears_that_a_fault_of_pages_ends)
{
	static struct item item;
	void *first;

	pages_pool(8);
	CHECK((first = mempool_alloc_preallocated(&pool)) && fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, -1) == 0);
	CHECK(submit(&item, 8, GFP_KERNEL) == 0 && !item.done);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
	CHECK(item.done == 1 && item.pages[7]);
	give_back(&item);
	mempool_free(first, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0 && bugs == 0);
}

/* Pages come back once, and nobody asks for a page: so no fault strikes, none is used up, and the request has
 * them. */
TEST(pages_that_come_back_reach_a_request_in_spite_of_faults)
{
	static struct page *all[4096];
	static struct item item;
	void *reserve[8];
	int n;

	pages_pool(8);
	n = (int)alloc_pages_bulk(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN, 4096, all);
	take_all(reserve, 8);
	CHECK(submit(&item, 8, GFP_KERNEL) == 0 && fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 1) == 0);
	release_pages(all + n - 50, 50); /* 32 are kept back */
	CHECK(item.done == 1 && item.pages[7]);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	release_pages(all, n - 50);
	give_back(&item);
	for (int i = 0; i < 8; i++)
		mempool_free(reserve[i], &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0 && bugs == 0);
}

TEST_MAIN()
