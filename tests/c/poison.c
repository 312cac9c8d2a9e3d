/* Poison in reserves: contract K150 to K155 and H158, set by function, configuration and environment. */
#include "check.h"

static mempool_t pool;
static struct counter c;

static bool all(const void *element, size_t n, unsigned char byte)
{
	const unsigned char *b = element;

	for (size_t i = 0; i < n; i++)
		if (b[i] != byte)
			return false;
	return true;
}

static bool poisoned(const void *element, size_t n)
{
	return all(element, n - 1, 0x6b) && ((const unsigned char *)element)[n - 1] == 0xa5;
}

/* A pool of 16-byte elements is not poisoned: what was written stays. */
static bool untouched(void)
{
	void *e = mempool_alloc_preallocated(&pool);

	memset(e, 7, 16);
	mempool_free(e, &pool);
	return all(pool.elements[0], 16, 7);
}

TEST(K150_K151_reserve_elements_are_poisoned)
{
	unsigned char *e;

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 2, 100) == 0);
	CHECK(poisoned(pool.elements[0], 100) && poisoned(pool.elements[1], 100));
	CHECK((e = mempool_alloc_preallocated(&pool)) && all(e, 100, 0x5a));
	memset(e, 1, 100);
	mempool_free(e, &pool);
	CHECK(poisoned(pool.elements[1], 100));
	mempool_exit(&pool);
	/* The smallest element has nothing but an end. */
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 1) == 0 && poisoned(pool.elements[0], 1));
	CHECK((e = mempool_alloc_preallocated(&pool)) && *e == 0x5a);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

TEST(K150_slab_kvmalloc_and_blocks_of_pages)
{
	struct kmem_cache *cache = kmem_cache_create("poison", 123, 0, 0, NULL);
	struct page *page;

	CHECK(cache && mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_slab_pool(&pool, 1, cache) == 0 && poisoned(pool.elements[0], 123));
	mempool_exit(&pool);
	kmem_cache_destroy(cache);
	CHECK(mempool_init_kvmalloc_pool(&pool, 1, 70000) == 0 && poisoned(pool.elements[0], 70000));
	mempool_exit(&pool);
	CHECK(mempool_init_page_pool(&pool, 1, 2) == 0 && poisoned(page_address(pool.elements[0]), 4 * PAGE_SIZE));
	CHECK((page = mempool_alloc_preallocated(&pool)) && all(page_address(page), 4 * PAGE_SIZE, 0x5a));
	mempool_free(page, &pool);
	mempool_exit(&pool);
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0 && poisoned(page_address(pool.elements[1]), PAGE_SIZE));
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

/* The report names pool, size, count and the bytes around the first bad one; the element comes as it is. */
TEST(K152_H158_a_changed_byte_is_reported)
{
	char want[64];
	unsigned char *e;

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 3, 64) == 0);
	catch_reports();
	e = pool.elements[2];
	e[20] = 0x11;
	e[40] = 0x22;
	CHECK(mempool_alloc_preallocated(&pool) == e && warns == 1 && bugs == 0);
	CHECK(strstr(last_report, "mempool element poison mismatch"));
	snprintf(want, sizeof(want), "pool %#lx size 64 curr_nr 2,", (unsigned long)&pool);
	CHECK(strstr(last_report, want));
	snprintf(want, sizeof(want), "byte 20 of the element at %#lx:", (unsigned long)e);
	CHECK(strstr(last_report, want));
	CHECK(strstr(last_report, ": ... 6b 6b 6b 6b 6b 6b 6b 6b [11] 6b 6b 6b 6b 6b 6b 6b 6b ..."));
	CHECK(e[20] == 0x11 && e[40] == 0x22 && e[0] == 0x6b && e[63] == 0xa5);
	mempool_free(e, &pool);
	/* At the ends the window is cut, and a changed end is found. */
	e[0] = 1;
	CHECK(mempool_alloc_preallocated(&pool) == e && warns == 2 && strstr(last_report, "byte 0 of"));
	CHECK(strstr(last_report, ": [01] 6b 6b 6b 6b 6b 6b 6b 6b ..."));
	mempool_free(e, &pool);
	e[63] = 0x6b;
	CHECK(mempool_alloc_preallocated(&pool) == e && warns == 3 && strstr(last_report, "byte 63 of"));
	CHECK(strstr(last_report, "6b [6b]") && !strstr(last_report, "[6b] "));
	mempool_free(e, &pool);
	mempool_exit(&pool);
	CHECK(warns == 3);
}

/* By whatever way elements leave: all at once, to a callback, to a request, at the end. */
static unsigned int delivered;

static void deliver(struct page *page, void *data)
{
	struct page **p = data;

	p[delivered++] = page;
}

static void completed(struct mempool_bulk_request *request)
{
	(void)request;
	delivered = 100;
}

TEST(K152_by_every_way_out)
{
	static struct mempool_bulk_request request;
	struct mempool_bulk_fault_attr always = { 100, 1, -1, 0 };
	struct page *p[12] = { NULL }, *q[12] = { NULL };

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_pages_bulk(&pool, 12, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, &always) == 0);
	catch_reports();
	for (int i = 0; i < 12; i += 4)
		((char *)page_address(pool.elements[i]))[i] = 1;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 12, p) && warns == 3);
	mempool_bulk_free_pages(&pool, p, 12);
	((char *)page_address(pool.elements[5]))[4095] = 1;
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT, 12, deliver, p) && warns == 4 && delivered == 12);
	request.page_array = q;
	request.nr = 12;
	request.gfp = GFP_KERNEL;
	request.done = completed;
	CHECK(mempool_bulk_submit(&pool, &request) == 0);
	mempool_bulk_free_pages(&pool, p, 12);
	CHECK(delivered == 100 && warns == 4 && q[11] && pool.curr_nr == 0);
	mempool_bulk_free_pages(&pool, q, 12);
	((char *)page_address(pool.elements[11]))[0] = 1;
	CHECK(mempool_resize(&pool, 4) == 0 && warns == 5);
	((char *)page_address(pool.elements[0]))[0] = 1;
	mempool_exit(&pool);
	CHECK(warns == 6 && bugs == 0 && outstanding() == 0);
}

/* More at once than are remembered one by one. */
TEST(K152_many_at_once)
{
	struct page *p[40] = { NULL };
	struct mempool_bulk_fault_attr always = { 100, 1, -1, 0 };

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_pages_bulk(&pool, 40, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, &always) == 0);
	catch_reports();
	for (int i = 0; i < 40; i++)
		((char *)page_address(pool.elements[i]))[i] = 1;
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 40, p));
	CHECK(warns == 9 && strstr(last_report, "32 more"));
	mempool_bulk_free_pages(&pool, p, 40);
	mempool_exit(&pool);
}

TEST(K153_K154_others_are_not_touched)
{
	unsigned char *e;

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init(&pool, 1, counter_alloc, counter_free, &c) == 0);
	memset(pool.elements[0], 7, 32);
	CHECK((e = mempool_alloc_preallocated(&pool)) && all(e, 32, 7));
	mempool_free(e, &pool);
	CHECK(all(pool.elements[0], 32, 7));
	mempool_exit(&pool);
	/* Fresh from the function: zero pages are zero. */
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	CHECK((e = mempool_alloc(&pool, GFP_KERNEL | __GFP_ZERO)) && all(page_address((struct page *)(void *)e), PAGE_SIZE, 0));
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

static unsigned int some_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array, void (*cb)(struct page *, void *), void *arg)
{
	return mempool_bulk_alloc_pages(gfp, nr, data, array, cb, arg);
}

TEST(H155_a_bulk_pool_that_frees_pages)
{
	catch_reports();
	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_pages_bulk(&pool, 4, some_bulk, mempool_free_pages, NULL) == 0);
	memset(page_address(pool.elements[1]), 3, PAGE_SIZE);
	mempool_exit(&pool);
	CHECK(warns == 0 && bugs == 0 && outstanding() == 0);
}

TEST(busy_while_pools_exist)
{
	static mempool_t other;

	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && mempool_init_kmalloc_pool(&other, 1, 16) == 0);
	CHECK(mempool_bulk_set_poison(true) == -EBUSY);
	mempool_exit(&other);
	mempool_exit(&other);
	CHECK(mempool_bulk_set_poison(true) == -EBUSY);
	mempool_exit(&pool);
	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init(&pool, -1, counter_alloc, counter_free, &c) == -EINVAL);
	CHECK(mempool_bulk_set_poison(false) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && untouched());
	mempool_exit(&pool);
}

TEST(by_the_environment)
{
	setenv("MEMPOOL_BULK_POISON", "1", 1);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && poisoned(pool.elements[0], 16));
	mempool_exit(&pool);
	CHECK(mempool_bulk_set_poison(false) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && untouched());
	mempool_exit(&pool);
}

/* A pool of the user's own elements leaves the settings open; the environment is above them. */
TEST(by_the_configuration)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1, .flags = MEMPOOL_BULK_POISON };

	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && untouched());
	mempool_exit(&pool);
	CHECK(mempool_bulk_configure(&config) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && poisoned(pool.elements[0], 16));
	mempool_exit(&pool);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0 && poisoned(page_address(pool.elements[0]), PAGE_SIZE));
	mempool_exit(&pool);
}

TEST(the_environment_is_above_the_configuration)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1, .flags = MEMPOOL_BULK_POISON };

	setenv("MEMPOOL_BULK_POISON", "0", 1);
	CHECK(mempool_bulk_configure(&config) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 1, 16) == 0 && untouched());
	mempool_exit(&pool);
}

TEST_MAIN()
