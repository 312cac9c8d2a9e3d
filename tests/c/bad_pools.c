/* Pools that are none: NULL, zeroed, exited; reported, and whatever the call was given stays whole. */
#include "check.h"

static mempool_t zeroed;
static struct counter c;

/* One BUG more than before, and none beside it. */
#define BUG(call)                                                                                 \
	do {                                                                                      \
		int before = bugs;                                                                \
                                                                                                  \
		call;                                                                             \
		CHECK(bugs == before + 1);                                                        \
	} while (0)

static void never(struct page *page, void *data)
{
	(void)data;
	CHECK(page == NULL && !"called back");
}

static void never_run(struct page *first, unsigned int nr, void *data)
{
	(void)nr;
	never(first, data);
}

TEST(null_functions)
{
	CHECK(mempool_init(&zeroed, 1, NULL, counter_free, &c) == -EINVAL);
	CHECK(mempool_init(&zeroed, 1, counter_alloc, NULL, &c) == -EINVAL);
	CHECK(mempool_create(1, NULL, NULL, &c) == NULL && mempool_create_node(1, counter_alloc, NULL, &c, GFP_KERNEL, -1) == NULL);
	CHECK(c.allocs == 0 && c.frees == 0 && !mempool_initialized(&zeroed));
}

TEST(null_pools_are_not_set_up)
{
	struct kmem_cache *cache = kmem_cache_create("t", 8, 0, 0, NULL);

	catch_reports();
	BUG(CHECK(mempool_init(NULL, 1, counter_alloc, counter_free, &c) == -EINVAL));
	BUG(CHECK(mempool_init_noprof(NULL, 1, counter_alloc, counter_free, &c) == -EINVAL));
	BUG(CHECK(mempool_init_node(NULL, 1, counter_alloc, counter_free, &c, GFP_KERNEL, 0) == -EINVAL));
	BUG(CHECK(mempool_init_pages_bulk(NULL, 1, NULL, NULL, NULL) == -EINVAL));
	BUG(CHECK(mempool_init_page_pool(NULL, 1, 0) == -EINVAL));
	BUG(CHECK(mempool_init_kmalloc_pool(NULL, 1, 8) == -EINVAL));
	BUG(CHECK(mempool_init_kvmalloc_pool(NULL, 1, 8) == -EINVAL));
	BUG(CHECK(mempool_init_slab_pool(NULL, 1, cache) == -EINVAL));
	BUG(mempool_exit(NULL));
	BUG(CHECK(mempool_resize(NULL, 3) == -EINVAL));
	mempool_destroy(NULL);
	kmem_cache_destroy(cache);
	CHECK(c.allocs == 0 && warns == 0 && outstanding() == 0);
}

TEST(requests_to_null_pools)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s), .waits = 7 };
	struct page *p[2] = { NULL };
	void *e[2] = { NULL };

	catch_reports();
	BUG(CHECK(mempool_alloc(NULL, GFP_KERNEL) == NULL));
	BUG(CHECK(mempool_alloc_noprof(NULL, GFP_KERNEL) == NULL));
	BUG(CHECK(mempool_alloc_noreserve(NULL, GFP_KERNEL) == NULL));
	BUG(CHECK(mempool_alloc_preallocated(NULL) == NULL));
	BUG(CHECK(!mempool_alloc_pages_bulk_array(NULL, GFP_KERNEL, 2, p)));
	BUG(CHECK(!mempool_alloc_pages_bulk_cb(NULL, GFP_KERNEL, 2, never, NULL)));
	BUG(CHECK(mempool_alloc_bulk(NULL, e, 2, 0) == -EINVAL));
	BUG(CHECK(mempool_alloc_bulk(NULL, e, 2) == -EINVAL));
	BUG(CHECK(!mempool_bulk_alloc_buffers(NULL, GFP_KERNEL, 2, e)));
	BUG(CHECK(!mempool_bulk_alloc_runs(NULL, GFP_KERNEL, 2, never_run, NULL)));
	BUG(CHECK(mempool_bulk_refill(NULL, GFP_KERNEL) == 0));
	BUG(CHECK(!mempool_initialized(NULL)));
	BUG(CHECK(!mempool_is_saturated(NULL)));
	BUG(mempool_bulk_get_pool_stats(NULL, &s));
	CHECK(s.waits == 7 && !p[0] && !e[0] && warns == 0 && outstanding() == 0);
}

TEST(frees_into_null_pools)
{
	struct page *p[2] = { alloc_page(GFP_KERNEL), NULL };
	void *buffer = page_address(p[0]);

	catch_reports();
	BUG(mempool_free(p[0], NULL));
	mempool_free(NULL, NULL);
	BUG(CHECK(mempool_free_bulk(NULL, (void **)p, 1) == 0));
	BUG(mempool_bulk_free_pages(NULL, p, 2));
	BUG(mempool_bulk_free_buffers(NULL, &buffer, 1));
	CHECK(p[0] && page_count(p[0]) == 1 && bugs == 4);
	__free_page(p[0]);
	CHECK(outstanding() == 0);
}

/* All requests to a pool that is not set up. */
static void requests_to(mempool_t *pool)
{
	struct page *p[2] = { NULL };
	void *e[2] = { NULL };

	warns = 0;
	CHECK(!mempool_initialized(pool) && mempool_alloc_preallocated(pool) == NULL);
	BUG(CHECK(mempool_alloc(pool, GFP_KERNEL) == NULL));
	BUG(CHECK(mempool_alloc_noreserve(pool, GFP_KERNEL) == NULL));
	BUG(CHECK(!mempool_alloc_pages_bulk_array(pool, GFP_KERNEL, 2, p)));
	BUG(CHECK(!mempool_alloc_pages_bulk_cb(pool, GFP_KERNEL, 2, never, NULL)));
	BUG(CHECK(mempool_alloc_bulk(pool, e, 2, 0) == -EINVAL));
	BUG(CHECK(mempool_alloc_bulk(pool, e, 2) == -EINVAL));
	BUG(CHECK(mempool_resize(pool, 3) == -EINVAL));
	BUG(CHECK(mempool_bulk_refill(pool, GFP_KERNEL) == 0));
	CHECK(mempool_free_bulk(pool, NULL, 0) == 0);
	CHECK(!p[0] && !e[0] && outstanding() == 0);
	mempool_exit(pool);
}

TEST(zeroed_pools)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };
	struct page *p = alloc_page(GFP_KERNEL);
	void *e = p;

	catch_reports();
	BUG(mempool_free(p, &zeroed));
	CHECK(page_count(p) == 1 && mempool_free_bulk(&zeroed, &e, 1) == 0 && e == p);
	__free_page(p);
	requests_to(&zeroed);
	CHECK(!mempool_bulk_alloc_buffers(&zeroed, GFP_KERNEL, 1, &e) && warns == 1);
	CHECK(!mempool_bulk_alloc_runs(&zeroed, GFP_KERNEL, 2, never_run, NULL) && warns == 1);
	mempool_bulk_get_pool_stats(&zeroed, &s);
	CHECK(s.min_nr == 0 && s.curr_nr == 0 && s.allocated == 0);
}

TEST(exited_pools)
{
	void *e;

	catch_reports();
	CHECK(mempool_init(&zeroed, 2, counter_alloc, counter_free, &c) == 0);
	e = mempool_alloc(&zeroed, GFP_KERNEL);
	mempool_exit(&zeroed);
	requests_to(&zeroed);
	CHECK(c.allocs == 3 && c.frees == 2);
	mempool_free(e, &zeroed); /* its function is still known */
	CHECK(c.frees == 3 && c.freed[2] == e && zeroed.curr_nr == 0);
}

static void *sleeper(void *arg)
{
	(void)arg;
	return mempool_alloc(&zeroed, GFP_KERNEL);
}

TEST(exit_with_a_sleeper)
{
	void *held, *got;
	pthread_t t;

	catch_reports();
	configure(0, 100);
	CHECK(mempool_init(&zeroed, 1, counter_alloc, counter_free, &c) == 0);
	held = mempool_alloc_preallocated(&zeroed);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, sleeper, NULL) == 0);
	UNTIL(pool_waits(&zeroed) > 0);
	BUG(mempool_exit(&zeroed));
	c.fail = 0;
	pthread_join(t, &got);
	free(held);
	free(got);
}

static void *bulk_sleeper(void *slots)
{
	return (void *)(long)mempool_alloc_bulk(&zeroed, slots, 2);
}

/* Who comes back with less than all is told: nothing else says that there are NULL slots. */
TEST(exit_with_a_bulk_sleeper)
{
	void *held, *result, *slots[2];
	pthread_t t;

	catch_reports();
	configure(0, NO_RETRY);
	CHECK(mempool_init(&zeroed, 2, counter_alloc, counter_free, &c) == 0);
	held = mempool_alloc_preallocated(&zeroed);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, bulk_sleeper, slots) == 0);
	UNTIL(pool_waits(&zeroed) > 0);
	BUG(mempool_exit(&zeroed));
	pthread_join(t, &result);
	CHECK((long)result == -EINVAL && !slots[0] && !slots[1]);
	free(held);
}

static void *limited_sleeper(void *slots)
{
	return (void *)(long)mempool_bulk_alloc_pages_timeout(&zeroed, GFP_KERNEL, 2, slots, NULL);
}

static void *array_sleeper(void *slots)
{
	return (void *)(long)mempool_alloc_pages_bulk_array(&zeroed, GFP_KERNEL, 2, slots);
}

/* What was a pool is somebody else's memory. */
static long sent_away(void *(*sleeper)(void *))
{
	void *held, *result;
	struct page *slots[2] = { NULL, NULL };
	unsigned char *bytes = (unsigned char *)&zeroed;
	size_t same = 0;
	pthread_t t;

	CHECK(mempool_init(&zeroed, 2, counter_alloc, counter_free, &c) == 0);
	held = mempool_alloc_preallocated(&zeroed);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, sleeper, slots) == 0);
	UNTIL(pool_waits(&zeroed) > 0);
	BUG(mempool_exit(&zeroed));
	memset(&zeroed, 0x77, sizeof(zeroed));
	pthread_join(t, &result);
	while (same < sizeof(zeroed) && bytes[same] == 0x77)
		same++;
	CHECK(same == sizeof(zeroed) && !slots[0] && !slots[1]);
	c.fail = 0;
	free(held);
	return (long)result;
}

TEST(who_is_sent_away_leaves_the_pool_alone)
{
	catch_reports();
	configure(0, NO_RETRY);
	CHECK(sent_away(limited_sleeper) == -EINVAL);
	CHECK(sent_away(array_sleeper) == 0);
}

TEST_MAIN()
