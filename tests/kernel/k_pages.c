/* Pages by the kernel's helpers: filling and copying, references, flags, private data, folios. */
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include "../c/test.h"

static bool all_bytes(struct page *page, unsigned int from, unsigned int to, int value)
{
	const unsigned char *bytes = kmap_local_page(page);

	while (from < to)
		if (bytes[from++] != value)
			return false;
	kunmap_local(bytes);
	return true;
}

TEST(bytes_go_where_they_belong)
{
	struct page *a = alloc_page(GFP_KERNEL), *b = alloc_page(GFP_KERNEL);
	char text[16];

	memset_page(a, 0, 0x11, PAGE_SIZE);
	memcpy_to_page(a, 100, "sixteen letters", 16);
	memcpy_from_page(text, a, 100, 16);
	CHECK(strcmp(text, "sixteen letters") == 0);
	CHECK(all_bytes(a, 0, 100, 0x11) && all_bytes(a, 116, 4096, 0x11));
	clear_highpage(b);
	CHECK(all_bytes(b, 0, 4096, 0));
	memcpy_page(b, 4080, a, 100, 16);
	CHECK(memcmp((char *)page_address(b) + 4080, "sixteen letters", 16) == 0 && all_bytes(b, 0, 4080, 0));
	copy_highpage(b, a);
	CHECK(memcmp(page_address(a), page_address(b), PAGE_SIZE) == 0);
	memset_page(a, 0, 0x22, PAGE_SIZE);
	zero_user_segments(a, 10, 20, 4000, 4096);
	CHECK(all_bytes(a, 0, 10, 0x22) && all_bytes(a, 10, 20, 0) && all_bytes(a, 20, 4000, 0x22));
	CHECK(all_bytes(a, 4000, 4096, 0));
	zero_user(a, 0, 5);
	CHECK(all_bytes(a, 0, 5, 0) && all_bytes(a, 5, 10, 0x22));
	zero_user_segment(a, 5, 7);
	memzero_page(a, 7, 3);
	CHECK(all_bytes(a, 0, 20, 0) && all_bytes(a, 20, 4000, 0x22));
	CHECK(kmap(a) == page_address(a) && kmap_atomic(a) == kmap_local_page(a));
	CHECK(virt_to_page(kmap_local_page(b) + 17) == b && offset_in_page((char *)page_address(b) + 17) == 17);
	__free_page(a);
	put_page(b);
}

TEST(private_data_holds_a_reference)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long pfn = page_to_pfn(page);
	int data = 0;

	CHECK(!PagePrivate(page) && page_count(page) == 1);
	attach_page_private(page, &data);
	CHECK(PagePrivate(page) && page_count(page) == 2 && page_private(page) == (unsigned long)&data);
	put_page(page); /* the data's reference is left */
	CHECK(page_count(page) == 1);
	get_page(page);
	CHECK(detach_page_private(page) == &data);
	CHECK(!PagePrivate(page) && page_private(page) == 0 && page_count(page) == 1);
	CHECK(detach_page_private(page) == NULL && page_count(page) == 1);
	put_page(page);
	CHECK(page_count(pfn_to_page(pfn)) == 0);
}

TEST(flags_are_clear_after_a_free)
{
	struct page *pages[64];

	for (int i = 0; i < 64; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		CHECK(pages[i]->flags == 0);
		SetPageUptodate(pages[i]);
		CHECK(!TestSetPageDirty(pages[i]) && TestSetPageDirty(pages[i]));
		CHECK(PageUptodate(pages[i]) && PageDirty(pages[i]) && !PageWriteback(pages[i]));
		CHECK(TestClearPageDirty(pages[i]) && !PageDirty(pages[i]));
		SetPageChecked(pages[i]);
		lock_page(pages[i]); /* and never unlocked */
	}
	for (int i = 0; i < 64; i++)
		__free_page(pages[i]);
	for (int i = 0; i < 64; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		CHECK(pages[i]->flags == 0 && !PageUptodate(pages[i]) && trylock_page(pages[i]));
	}
	for (int i = 0; i < 64; i++)
		__free_page(pages[i]);
}

TEST(flags_of_every_page_of_a_plain_block)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2);

	for (unsigned long i = 0; i < 4; i++)
		SetPageReserved(nth_page(block, i));
	for (unsigned long i = 0; i < 4; i++)
		CHECK(PageReserved(nth_page(block, i)) && !PageTail(nth_page(block, i)));
	__free_pages(block, 2);
	block = alloc_pages(GFP_KERNEL, 2);
	for (unsigned long i = 0; i < 4; i++)
		CHECK(!PageReserved(nth_page(block, i)));
	__free_pages(block, 2);
}

TEST(references_are_counted)
{
	struct page *page = alloc_page(GFP_KERNEL);

	page_ref_inc(page);
	page_ref_add(page, 3);
	CHECK(page_ref_count(page) == 5);
	page_ref_sub(page, 2);
	page_ref_dec(page);
	CHECK(page_ref_count(page) == 2);
	set_page_count(page, 7);
	CHECK(page_count(page) == 7);
	init_page_count(page);
	CHECK(page_count(page) == 1 && get_page_unless_zero(page) && page_count(page) == 2);
	put_page(page);
	put_page(page);
	CHECK(!get_page_unless_zero(page));
}

TEST(folios_are_blocks)
{
	struct folio *folio = folio_alloc(GFP_KERNEL | __GFP_ZERO, 3);
	struct page *tail = folio_page(folio, 5);

	CHECK(folio && folio_test_large(folio) && folio_order(folio) == 3 && folio_nr_pages(folio) == 8);
	CHECK(folio_size(folio) == 8 * PAGE_SIZE && folio_address(folio) == page_address(&folio->page));
	CHECK(page_folio(tail) == folio && PageTail(tail) && !PageTail(&folio->page) && compound_head(tail) == &folio->page);
	CHECK(virt_to_folio((char *)folio_address(folio) + 3 * PAGE_SIZE) == folio);
	CHECK(offset_in_folio(folio, (char *)folio_address(folio) + 5000) == 5000);
	folio_get(folio);
	CHECK(folio_ref_count(folio) == 2 && page_count(tail) == 2);
	folio_set_dirty(folio);
	CHECK(folio_test_dirty(folio) && PageDirty(&folio->page));
	folio_attach_private(folio, tail);
	CHECK(folio_get_private(folio) == tail && folio->private == tail && folio_detach_private(folio) == tail);
	folio->index = 7;
	CHECK(folio_pos(folio) == 7 * 4096);
	folio_put(folio);
	put_page(tail);
	folio = folio_alloc(GFP_KERNEL, 0);
	CHECK(!folio_test_large(folio) && folio_nr_pages(folio) == 1 && page_folio(&folio->page) == folio && !folio_test_dirty(folio));
	folio_put_refs(folio, 1);
}

TEST(sizes_and_numbers)
{
	CHECK(PAGE_ALIGN(1UL) == 4096 && PAGE_ALIGN(4096UL) == 4096 && PAGE_ALIGN(4097UL) == 8192 && PAGE_ALIGN(0UL) == 0);
	CHECK(PFN_UP(1UL) == 1 && PFN_UP(4096UL) == 1 && PFN_DOWN(8191UL) == 1 && PFN_PHYS(3UL) == 12288);
	CHECK(PAGE_ALIGNED(8192UL) && !PAGE_ALIGNED(8200UL));
	CHECK(totalram_pages() > 1000 && MAX_ORDER_NR_PAGES == 1024);
}

TEST(the_page_of_zeros_is_one)
{
	struct page *zero = ZERO_PAGE(0);

	CHECK(zero == ZERO_PAGE(4096) && all_bytes(zero, 0, 4096, 0));
}

TEST(a_list_of_pages_is_put)
{
	LIST_HEAD(pages);
	struct page *page;
	int n = 0;

	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 10, &pages) == 10);
	list_for_each_entry(page, &pages, lru)
		n += page_count(page);
	CHECK(n == 10);
	page = list_first_entry(&pages, struct page, lru);
	put_pages_list(&pages);
	CHECK(list_empty(&pages) && page_count(page) == 0);
}

TEST(a_pool_of_the_kernel_s_names)
{
	mempool_t *pool = mempool_create_page_pool(4, 0);
	struct page *pages[8] = { NULL }, *page = mempool_alloc(pool, GFP_NOIO);

	memset_page(page, 0, 1, PAGE_SIZE);
	mempool_free(page, pool);
	CHECK(mempool_alloc_pages_bulk_array(pool, GFP_KERNEL, 8, pages));
	for (int i = 0; i < 8; i++)
		mempool_free(pages[i], pool);
	mempool_destroy(pool);
}

TEST_MAIN()
