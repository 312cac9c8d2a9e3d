/* Pages without a pool, ready-made pools, bad input: contract K69 to H75, K134 to K149, and what is
 * ours. */
#include "check.h"

static mempool_t pool;

TEST(K69_kmalloc_pool)
{
	mempool_t *p = mempool_create_kmalloc_pool(4, 100);
	char *e = mempool_alloc(p, GFP_KERNEL);

	memset(e, 1, 100);
	CHECK((uintptr_t)e % sizeof(max_align_t) == 0);
	mempool_free(e, p);
	mempool_destroy(p);
}

TEST(K70_K71_page_pools)
{
	mempool_t *p = mempool_create_page_pool(4, 2);
	struct page *e = mempool_alloc(p, GFP_KERNEL);

	memset(page_address(e), 1, 4 * 4096);
	CHECK((uintptr_t)page_address(e) % 4096 == 0);
	mempool_free(e, p);
	mempool_destroy(p);
	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0 && pool.pool_data == NULL);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static void ctor(void *object) { *(int *)object = 7; }

TEST(K72_H73_slab_pools)
{
	struct kmem_cache *cache = kmem_cache_create("t", 100, 64, 0, NULL);
	struct kmem_cache *made = kmem_cache_create("c", 100, 0, 0, ctor);
	void *e;

	catch_reports();
	CHECK(mempool_init_slab_pool(&pool, 3, cache) == 0 && pool.pool_data == cache && warns == 0);
	e = mempool_alloc(&pool, GFP_KERNEL);
	CHECK((uintptr_t)e % 64 == 0);
	mempool_free(e, &pool);
	mempool_exit(&pool);
	kmem_cache_destroy(cache);
	CHECK(warns == 0);
	CHECK(mempool_init_slab_pool(&pool, 3, made) == 0 && warns == 1);
	mempool_exit(&pool);
	kmem_cache_destroy(made);
}

TEST(K74_K75_kvmalloc_pools_and_addresses)
{
	mempool_alloc_t *a = mempool_kmalloc, *g = mempool_alloc_pages;
	mempool_free_t *f = mempool_kfree, *h = mempool_free_pages;
	mempool_t *p = mempool_create_kvmalloc_pool(2, 1 << 20);
	char *e = mempool_alloc(p, GFP_KERNEL);

	memset(e, 1, 1 << 20);
	mempool_free(e, p);
	mempool_destroy(p);
	CHECK(mempool_init(&pool, 2, a, f, (void *)64) == 0);
	mempool_exit(&pool);
	CHECK(mempool_init(&pool, 2, g, h, (void *)1) == 0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(K134_sixteen_pages)
{
	struct page *p[16] = { NULL };

	CHECK(alloc_pages_bulk(GFP_KERNEL, 16, p) == 16);
	for (int i = 0; i < 16; i++) {
		CHECK((uintptr_t)page_address(p[i]) % 4096 == 0 && page_count(p[i]) == 1);
		for (int j = 0; j < i; j++)
			CHECK(p[i] != p[j]);
	}
	release_pages(p, 16);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(K135_K136_K139_K140_populated_slots)
{
	struct page *p[8] = { NULL }, *keep[8];

	for (int i = 0; i < 8; i += 2)
		keep[i] = p[i] = alloc_page(GFP_KERNEL);
	CHECK(alloc_pages_bulk_array(GFP_KERNEL, 8, p) == 8);
	for (int i = 0; i < 8; i++)
		CHECK(i % 2 ? p[i] != NULL : p[i] == keep[i]);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8, p) == 8 && outstanding() == 8);
	__free_page(p[7]);
	p[7] = NULL;
	CHECK(alloc_pages_bulk(GFP_NOWAIT, 8, p) == 8 && p[7]);
	release_pages(p, 8);
}

TEST(K137_counts_that_give_nothing)
{
	catch_reports();
	CHECK(alloc_pages_bulk(GFP_KERNEL, 0, NULL) == 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, ~0ul, NULL) == 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 0x80000000ul, NULL) == 0);
	CHECK(alloc_pages_bulk_noprof(GFP_KERNEL, -1, NULL, -5, NULL) == 0);
	CHECK(outstanding() == 0 && warns == 0);
}

TEST(K138_nothing_beyond_the_array)
{
	struct page *p[6];

	memset(p, 0, sizeof(p));
	p[4] = p[5] = (struct page *)0x1234;
	CHECK(alloc_pages_bulk(GFP_KERNEL, 4, p) == 4 && alloc_pages_bulk(GFP_KERNEL, 4, p) == 4);
	CHECK(p[4] == (struct page *)0x1234 && p[5] == (struct page *)0x1234);
	release_pages(p, 4);
}

TEST(K141_K142_shortage_returns_what_is_populated)
{
	struct page *p[128] = { NULL };
	unsigned long n;

	configure(100 * 4096, 0);
	n = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 128, p);
	CHECK(n == 100 && !p[100]);
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 128, p) == 100);
	release_pages(p, 100);
	check_conserved();
}

TEST(K143_zeroed_pages)
{
	struct page *p[32];

	for (int round = 0; round < 3; round++) {
		memset(p, 0, sizeof(p));
		CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, 32, p) == 32);
		for (int i = 0; i < 32; i++) {
			unsigned char *bytes = page_address(p[i]);

			for (int j = 0; j < 4096; j++)
				CHECK(bytes[j] == 0);
			memset(bytes, 0xff, 4096);
		}
		release_pages(p, 32);
	}
}

static void count_cb(struct page *page, void *data)
{
	++*(int *)data;
	__free_page(page);
}

TEST(K144_K145_K147_K149_all_spellings)
{
	struct page *p[4] = { NULL };
	int n = 0;

	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_ACCOUNT, 4, p) == 4);
	CHECK(alloc_pages_bulk_node(GFP_KERNEL, -1, 4, p) == 4 && alloc_pages_bulk_array_node(GFP_KERNEL, 0, 4, p) == 4);
	CHECK(alloc_pages_bulk_mempolicy(GFP_KERNEL, 4, p) == 4 && alloc_pages_bulk_array_mempolicy(GFP_KERNEL, 4, p) == 4);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, p) == 4);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, NULL, p) == 4);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, NULL, p, NULL, NULL) == 4);
	CHECK(alloc_pages_bulk_cb(GFP_KERNEL, 4, count_cb, &n) == 4 && n == 4);
	release_pages(p, 4);
	CHECK(outstanding() == 0);
}

TEST(K146_K148_list_form_wins)
{
	struct page *p[4] = { NULL };
	struct list_head list, *at;
	int n = 0, called = 0;

	INIT_LIST_HEAD(&list);
	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 3, &list) == 3);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, &list, p, count_cb, &called) == 4 && !p[0] && !called);
	for (at = list.next; at != &list; n++) {
		struct page *page = (struct page *)((char *)at - offsetof(struct page, lru));

		CHECK(at->next->prev == at);
		at = at->next;
		__free_page(page);
	}
	CHECK(n == 7 && outstanding() == 0);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, NULL, p, count_cb, &called) == 4 && !called);
	release_pages(p, 4);
}

TEST(K168_noprof_twins)
{
	void *e;

	CHECK(mempool_init_noprof(&pool, 1, mempool_kmalloc, mempool_kfree, (void *)8) == 0);
	e = mempool_alloc_noprof(&pool, GFP_KERNEL);
	mempool_free(e, &pool);
	CHECK(mempool_alloc_bulk_noprof(&pool, &e, 1) == 0);
	mempool_free(e, &pool);
	mempool_exit(&pool);
	mempool_destroy(mempool_create_node_noprof(1, mempool_kmalloc, mempool_kfree, (void *)8, GFP_KERNEL, -1));
}

TEST(K172_f2fs_style)
{
	mempool_t *p = mempool_create_page_pool(512, 0);
	struct page *page = mempool_alloc(p, GFP_NOFS);

	set_page_private(page, 5);
	CHECK(page_private(page) == 5);
	mempool_free(page, p);
	page = mempool_alloc(p, GFP_NOFS);
	CHECK(page_private(page) == 0);
	mempool_free(page, p);
	mempool_destroy(p);
}

static void *isa_alloc(gfp_t gfp, void *data) { return mempool_alloc_pages(gfp | GFP_DMA, data); }

TEST(private_is_zero_again_after_a_free)
{
	struct page *p = alloc_page(GFP_KERNEL), *again;

	set_page_private(p, 5);
	__free_page(p);
	again = alloc_page(GFP_KERNEL);
	CHECK(again == p && page_private(again) == 0);
	__free_page(again);
}

TEST(K173_K170_bounce_style)
{
	struct page *page;

	CHECK(mempool_init(&pool, 16, isa_alloc, mempool_free_pages, (void *)0) == 0);
	page = mempool_alloc(&pool, GFP_NOIO);
	memset(page_address(page), 1, PAGE_SIZE);
	CHECK(virt_to_page(page_address(page)) == page);
	mempool_free(page, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(K174_blk_crypto_style)
{
	struct page *pages[32] = { NULL };
	unsigned long n;
	unsigned int i;

	CHECK(mempool_init_page_pool(&pool, 32, 0) == 0);
	n = alloc_pages_bulk(GFP_KERNEL, 20, pages);
	if (n < 32)
		mempool_alloc_bulk(&pool, (void **)pages + n, (unsigned int)(32 - n));
	for (i = 0; i < 32; i++)
		memset(page_address(pages[i]), 1, PAGE_SIZE);
	i = mempool_free_bulk(&pool, (void **)pages, 32);
	release_pages(pages + i, (int)(32 - i));
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(blocks_of_every_order)
{
	for (unsigned int order = 0; order <= 10; order++) {
		struct page *p = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, order);

		CHECK(p && compound_order(p) == order);
		memset(page_address(p), 1, PAGE_SIZE << order);
		CHECK(virt_to_head_page((char *)page_address(p) + (PAGE_SIZE << order) - 1) == p);
		CHECK(pfn_to_page(page_to_pfn(p)) == p && nth_page(p, 0) == p);
		put_page(p);
	}
	CHECK(alloc_pages(GFP_KERNEL, 11) == NULL && outstanding() == 0);
	check_conserved();
}

TEST(split_and_exact)
{
	struct page *p = alloc_pages(GFP_KERNEL, 3);
	void *exact;

	split_page(p, 3);
	for (int i = 7; i >= 0; i--)
		__free_page(p + i);
	exact = alloc_pages_exact(5 * 4096, GFP_KERNEL);
	CHECK(exact && outstanding() == 5);
	free_pages_exact(exact, 5 * 4096);
	CHECK(outstanding() == 0 && get_order(1) == 0 && get_order(4097) == 1 && get_order(1 << 20) == 8);
	check_conserved();
}

TEST(references)
{
	struct page *p = alloc_page(GFP_KERNEL);

	get_page(p);
	get_page(p);
	CHECK(page_count(p) == 3);
	put_page(p);
	__free_page(p);
	CHECK(page_count(p) == 1 && outstanding() == 1);
	put_page(p);
	CHECK(page_count(p) == 0 && outstanding() == 0);
}

TEST(addresses)
{
	unsigned long a = __get_free_pages(GFP_KERNEL, 2), b = get_zeroed_page(GFP_KERNEL);

	CHECK(a && b && *(char *)b == 0);
	free_pages(a, 2);
	free_page(b);
	free_page(0);
	CHECK(outstanding() == 0);
}

TEST(limit_is_exact_and_emergency_is_for_high)
{
	static struct page *p[1024];
	unsigned int n = 0, high = 0;

	configure(512 * 4096, 0);
	while ((p[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		n++;
	CHECK(n == 508);
	while ((p[n + high] = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		high++;
	CHECK(high == 4);
	release_pages(p, 512);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(bad_frees_are_found_and_nothing_is_lost)
{
	struct page *p = alloc_page(GFP_KERNEL), *block = alloc_pages(GFP_KERNEL, 2), local, *bad[3];

	catch_reports();
	__free_page(p);
	__free_page(p);
	CHECK(bugs == 1);
	__free_page((struct page *)((char *)p + 8));
	__free_page(&local);
	__free_pages(block, 1);
	__free_page(block + 1);
	free_page((unsigned long)page_address(block) + 100);
	CHECK(bugs == 6);
	__free_pages(block, 2);
	CHECK(virt_to_page(&local) == NULL && page_address(&local) == NULL && bugs == 8);
	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0);
	p = mempool_alloc_preallocated(&pool);
	mempool_free(p, &pool);
	mempool_free(p, &pool);
	__free_page(p);
	CHECK(bugs == 10 && pool.curr_nr == 2);
	bad[0] = alloc_page(GFP_KERNEL);
	bad[1] = &local;
	bad[2] = alloc_page(GFP_KERNEL);
	release_pages(bad, 3);
	CHECK(bugs == 11 && outstanding() == 2);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(a_shared_page_is_not_stored)
{
	struct page *p;

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 1, 0) == 0);
	p = mempool_alloc_preallocated(&pool);
	get_page(p);
	mempool_free(p, &pool);
	CHECK(warns == 1 && pool.curr_nr == 0 && page_count(p) == 1);
	mempool_free(p, &pool);
	CHECK(warns == 1 && pool.curr_nr == 1);
	mempool_exit(&pool);
}

static void on_run(struct page *first, unsigned int nr, void *data)
{
	unsigned int *total = data;

	memset(page_address(first), 1, nr * PAGE_SIZE);
	*total += nr;
	for (unsigned int i = 0; i < nr; i++)
		mempool_free(first + i, &pool);
}

TEST(buffers_runs_and_refill)
{
	void *buffers[40];
	unsigned int total = 0;

	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 40, buffers));
	for (int i = 0; i < 40; i++)
		memset(buffers[i], i, 4096);
	mempool_bulk_free_buffers(&pool, buffers, 40);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 300, on_run, &total) && total == 300);
	CHECK(mempool_bulk_refill(&pool, GFP_KERNEL) == 0);
	free_page((unsigned long)page_address(mempool_alloc_preallocated(&pool)));
	CHECK(mempool_bulk_refill(&pool, GFP_KERNEL) == 1 && pool.curr_nr == 8);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(configure_and_environment)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	catch_reports();
	setenv("MEMPOOL_BULK_LIMIT", "4M", 1);
	setenv("MEMPOOL_BULK_PREALLOC", "lots", 1);
	CHECK(mempool_bulk_configure(NULL) == -EINVAL);
	config.flags = 1u << 30;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.flags = 0;
	config.limit_bytes = 1 << 20;
	config.prealloc_bytes = 1 << 21;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.prealloc_bytes = 0;
	CHECK(mempool_bulk_configure(&config) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(mempool_bulk_configure(&config) == -EBUSY);
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_limit == 1024 && warns == 1 && strstr(last_report, "MEMPOOL_BULK_PREALLOC"));
	CHECK(strcmp(mempool_bulk_version(), "0.1.0") == 0);
}

TEST_MAIN()
