/* What a caller can't have meant: reported, nothing lost, nothing corrupted. */
#include "check.h"

static mempool_t pool;
static struct counter c;

/* One BUG more than before, and none beside it. */
#define BUG(call)                                                                                 \
	do {                                                                                      \
		int before = bugs;                                                                \
                                                                                                  \
		call;                                                                             \
		CHECK(bugs == before + 1);                                                        \
	} while (0)

static struct page *a_page(void)
{
	struct page *p = alloc_page(GFP_KERNEL);

	CHECK(p != NULL);
	return p;
}

static void check_all_is_back(void)
{
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(pages_freed_twice)
{
	struct page *p = a_page(), *block = alloc_pages(GFP_KERNEL, 2), *touched = a_page();

	catch_reports();
	set_page_private(touched, 1);
	__free_page(p);
	__free_page(touched);
	BUG(__free_page(p));
	BUG(put_page(p));
	BUG(free_page((unsigned long)page_address(p)));
	BUG(__free_page(touched));
	__free_pages(block, 2);
	BUG(__free_pages(block, 2));
	BUG(mempool_bulk_free_page(p, NULL));
	BUG(mempool_free_pages(p, (void *)0));
	BUG(get_page(p));
	BUG(set_page_private(p, 1));
	CHECK(page_count(p) == 0 && warns == 0);
	check_all_is_back();
}

TEST(pages_freed_twice_by_an_array)
{
	struct page *p = a_page(), *list[3] = { p, p, NULL };

	catch_reports();
	BUG(release_pages(list, 3));
	check_all_is_back();
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	list[0] = list[1] = a_page();
	list[2] = a_page();
	BUG(mempool_bulk_free_pages(&pool, list, 3));
	CHECK(outstanding() == 1);
	mempool_exit(&pool);
	check_all_is_back();
}

TEST(pages_freed_twice_into_a_pool)
{
	struct page *p;

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 3, 0) == 0);
	p = mempool_alloc_preallocated(&pool);
	mempool_free(mempool_alloc_preallocated(&pool), &pool);
	mempool_free(p, &pool);
	BUG(mempool_free(p, &pool)); /* the reserve is full */
	p = mempool_alloc_preallocated(&pool);
	CHECK(mempool_alloc_preallocated(&pool));
	mempool_free(p, &pool);
	BUG(mempool_free(p, &pool)); /* the reserve is short */
	BUG(__free_page(p));
	BUG(get_page(p));
	CHECK(pool.curr_nr == 2 && page_count(p) == 0 && outstanding() == 3);
	mempool_exit(&pool);
	CHECK(outstanding() == 1);
	check_conserved();
}

TEST(freed_to_the_allocator_then_into_a_pool)
{
	struct page *p = a_page(), *list[2] = { p, a_page() };

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0);
	__free_page(mempool_alloc_preallocated(&pool));
	__free_page(p);
	BUG(mempool_free(p, &pool));
	CHECK(pool.curr_nr == 1);
	BUG(CHECK(mempool_free_bulk(&pool, (void **)list, 2) == 2));
	CHECK(pool.curr_nr == 2 && outstanding() == 2);
	mempool_exit(&pool);
	check_all_is_back();
}

TEST(interior_and_misaligned_pointers)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2), *comp = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	char *address = page_address(block);

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0);
	BUG(__free_page(block + 1));
	BUG(__free_pages(block + 1, 1));
	BUG(__free_page(comp + 1));
	BUG(__free_page((struct page *)(void *)((char *)block + 8)));
	BUG(put_page((struct page *)(void *)((char *)block + 1)));
	BUG(free_page((unsigned long)address + 100));
	BUG(free_pages((unsigned long)address + 1, 2));
	BUG(free_page((unsigned long)address + 4096));
	BUG(free_pages_exact(address + 8, 4096));
	__free_page(mempool_alloc_preallocated(&pool));
	BUG(mempool_free((char *)block + 8, &pool));
	BUG(mempool_free(block + 1, &pool));
	BUG(mempool_free(comp + 3, &pool));
	CHECK(pool.curr_nr == 1 && outstanding() == 9);
	__free_pages(block, 2);
	put_page(comp);
	mempool_exit(&pool);
	check_all_is_back();
}

TEST(wrong_orders)
{
	struct page *one = a_page(), *block = alloc_pages(GFP_KERNEL, 2);

	catch_reports();
	BUG(__free_pages(block, 1));
	BUG(__free_pages(block, 3));
	BUG(__free_pages(block, 11));
	BUG(__free_pages(block, ~0u));
	BUG(__free_page(block));
	BUG(__free_pages(one, 2));
	BUG(mempool_free_pages(block, (void *)-1));
	BUG(split_page(block, 1));
	BUG(split_page(block, ~0u));
	BUG(split_page(block + 1, 0));
	CHECK(outstanding() == 5);
	__free_page(one);
	__free_pages(block, 2);
	BUG(split_page(block, 2));
	block = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	BUG(split_page(block, 2));
	put_page(block);
	check_all_is_back();
}

TEST(foreign_pointers)
{
	struct page *own = a_page(), local, *list[3] = { NULL, &local, own };

	catch_reports();
	BUG(__free_page(&local));
	BUG(__free_pages(&local, 3));
	BUG(put_page(&local));
	BUG(get_page(&local));
	BUG(CHECK(page_count(&local) == 0));
	BUG(CHECK(page_address(&local) == NULL));
	BUG(CHECK(page_to_pfn(&local) == 0));
	BUG(CHECK(page_private(&local) == 0));
	BUG(set_page_private(&local, 1));
	BUG(CHECK(compound_order(&local) == 0));
	BUG(split_page(&local, 0));
	BUG(free_page((unsigned long)&local & PAGE_MASK));
	BUG(free_pages_exact((void *)((unsigned long)&local & PAGE_MASK), 4096));
	BUG(CHECK(virt_to_page(&local) == NULL));
	BUG(CHECK(virt_to_head_page(&local) == NULL));
	BUG(mempool_free_pages(&local, (void *)0));
	BUG(mempool_bulk_free_page(&local, NULL));
	CHECK(mempool_bulk_page_or_self(&local) == &local && mempool_bulk_address_or_self(&local) == &local);
	CHECK(mempool_bulk_address_or_self(mempool_bulk_page_or_self(page_address(own))) == page_address(own));
	BUG(release_pages(list, 3)); /* skips it and frees the last */
	check_all_is_back();
}

TEST(foreign_pointers_into_full_pools_and_buffers)
{
	static char buffer[8192];
	void *buffers[3] = { NULL, buffer, NULL };

	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0);
	BUG(mempool_free(buffer, &pool));
	BUG(mempool_bulk_free_buffers(&pool, buffers, 3));
	CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 1, buffers));
	buffers[1] = (char *)buffers[0] + 64;
	BUG(mempool_bulk_free_buffers(&pool, buffers, 3));
	CHECK(pool.curr_nr == 2 && outstanding() == 2);
	mempool_exit(&pool);
	check_all_is_back();
}

TEST(exact_ranges_that_are_none)
{
	char *exact;

	catch_reports();
	configure(16 * 4096, 0);
	exact = alloc_pages_exact(16 * 4096, GFP_KERNEL);
	CHECK(exact);
	BUG(free_pages_exact(exact, 17 * 4096));
	BUG(free_pages_exact(exact, ~(size_t)0));
	CHECK(outstanding() == 16);
	free_pages_exact(exact, 0);
	free_pages_exact(exact, 16 * 4096);
	BUG(free_pages_exact(exact, 1));
	check_all_is_back();
}

TEST(null_pages_do_nothing)
{
	struct page *list[4] = { NULL };

	catch_reports();
	__free_page(NULL);
	__free_pages(NULL, 3);
	free_page(0);
	free_pages(0, 2);
	put_page(NULL);
	get_page(NULL);
	split_page(NULL, 2);
	set_page_private(NULL, 1);
	CHECK(page_count(NULL) == 0 && page_private(NULL) == 0 && compound_order(NULL) == 0);
	CHECK(page_address(NULL) == NULL && page_to_pfn(NULL) == 0);
	free_pages_exact(NULL, 4096);
	release_pages(list, 4);
	release_pages(NULL, 0);
	mempool_free_pages(NULL, (void *)0);
	mempool_bulk_free_page(NULL, NULL);
	mempool_kfree(NULL, (void *)8);
	mempool_kvfree(NULL, (void *)8);
	mempool_bulk_get_stats(NULL);
	CHECK(bugs == 0 && warns == 0);
	BUG(CHECK(virt_to_page(NULL) == NULL));
	check_all_is_back();
}

/* The library uses bits of its own in masks; in the caller's they mean nothing. */
TEST(unknown_bits_in_masks)
{
	gfp_t strange = GFP_NOWAIT | __GFP_NOWARN | (gfp_t)3 << 30;
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	struct page *p[64] = { NULL };
	uint64_t committed;

	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	mempool_bulk_get_stats(&s);
	committed = s.pages_committed;
	while (alloc_page(strange))
		;
	CHECK(alloc_pages(strange, 3) == NULL && mempool_bulk_alloc_pages(strange, 1, NULL, p, NULL, NULL) == 0);
	CHECK(mempool_alloc(&pool, strange) != NULL && mempool_alloc(&pool, strange) == NULL);
	CHECK(alloc_pages_bulk(strange, 64, p) == 0);
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_committed == committed);
}

TEST(null_slab_caches)
{
	struct kmem_cache *cache = kmem_cache_create(NULL, 8, 0, 0, NULL);

	catch_reports();
	kmem_cache_free(cache, NULL);
	mempool_free_slab(NULL, cache);
	CHECK(bugs == 0);
	kmem_cache_destroy(cache);
	BUG(CHECK(kmem_cache_alloc(NULL, GFP_KERNEL) == NULL));
	BUG(CHECK(kmem_cache_zalloc(NULL, GFP_KERNEL) == NULL));
	BUG(CHECK(kmem_cache_size(NULL) == 0));
	BUG(CHECK(mempool_alloc_slab(GFP_KERNEL, NULL) == NULL));
	BUG(kmem_cache_free(NULL, &c));
	BUG(CHECK(mempool_create_slab_pool(2, NULL) == NULL));
}

TEST(counts_of_int_max_and_uint_max)
{
	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0);
	release_pages(NULL, -1);
	CHECK(warns == 0);
	release_pages(NULL, 0x7fffffff);
	mempool_bulk_free_pages(&pool, NULL, ~0u);
	mempool_bulk_free_buffers(&pool, NULL, 0x7fffffff);
	CHECK(mempool_free_bulk(&pool, NULL, ~0u) == 0);
	CHECK(mempool_alloc_bulk(&pool, NULL, ~0u) == -EINVAL && mempool_alloc_bulk(&pool, NULL, 0x7fffffff, 0) == -EINVAL);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, ~0u, NULL) && !mempool_bulk_alloc_runs(&pool, GFP_KERNEL, ~0u, NULL, NULL));
	CHECK(mempool_bulk_alloc_pages(GFP_KERNEL, ~0u, NULL, NULL, NULL, NULL) == 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 0x7fffffff, NULL) == 0);
	CHECK(mempool_bulk_pages_to_iovec(NULL, ~0u, NULL, 0x7fffffff) == -EINVAL);
	CHECK(warns == 11 && bugs == 0 && pool.curr_nr == 2);
	CHECK(mempool_resize(&pool, 0x7fffffff) == -ENOMEM && pool.min_nr == 2);
	CHECK(mempool_resize(&pool, -0x7fffffff - 1) == -EINVAL && warns == 12);
	mempool_exit(&pool);
	check_all_is_back();
}

static void keep(struct page *page, void *data)
{
	*(struct page **)page_address(page) = *(struct page **)data;
	*(struct page **)data = page;
}

static void keep_run(struct page *first, unsigned int nr, void *data)
{
	while (nr--)
		keep(first++, data);
}

static unsigned long drop_all(struct page **kept)
{
	unsigned long n = 0;

	for (struct page *page; (page = *kept); n++) {
		*kept = *(struct page **)page_address(page);
		mempool_free(page, &pool);
	}
	return n;
}

TEST(requests_for_more_than_there_is)
{
	static const unsigned int huge[] = { 0x7fffffff, 0x80000000u, ~0u };
	struct page *kept = NULL;

	catch_reports();
	configure(600 * 4096, 0);
	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(!mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT, huge[i], keep, &kept));
		CHECK(drop_all(&kept) >= 500 && pool.curr_nr == 8);
		CHECK(!mempool_bulk_alloc_runs(&pool, GFP_NOWAIT, huge[i], keep_run, &kept));
		CHECK(drop_all(&kept) >= 500 && pool.curr_nr == 8);
	}
	CHECK(alloc_pages_bulk_cb(GFP_KERNEL | __GFP_NOWARN, 0x7fffffff, keep, &kept) == 588);
	CHECK(drop_all(&kept) == 588 && bugs == 0);
	mempool_exit(&pool);
	check_all_is_back();
}

TEST_MAIN()
