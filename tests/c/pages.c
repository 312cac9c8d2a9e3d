/* Pages one at a time and in blocks: every spelling, references, splitting, limits. */
#include "check.h"

TEST(every_way_to_get_a_page)
{
	struct page *p[5];
	unsigned long address;

	p[0] = alloc_page(GFP_KERNEL);
	p[1] = alloc_pages(GFP_KERNEL, 0);
	p[2] = alloc_pages_noprof(GFP_KERNEL, 0);
	p[3] = __alloc_pages(GFP_KERNEL, 0, -1, NULL);
	p[4] = alloc_pages_node(-1, GFP_KERNEL, 0);
	for (int i = 0; i < 5; i++) {
		CHECK(p[i] && page_count(p[i]) == 1 && page_private(p[i]) == 0);
		CHECK(virt_to_page(page_address(p[i])) == p[i] && virt_to_page((char *)page_address(p[i]) + 4095) == p[i]);
		memset(page_address(p[i]), 1, PAGE_SIZE);
	}
	CHECK(outstanding() == 5);
	__free_page(p[0]);
	__free_pages(p[1], 0);
	put_page(p[2]);
	free_page((unsigned long)page_address(p[3]));
	mempool_bulk_free_page(p[4], NULL);
	address = __get_free_page(GFP_KERNEL);
	CHECK(address && address % 4096 == 0 && outstanding() == 1);
	free_pages(address, 0);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(every_way_to_get_a_block)
{
	struct page *p = alloc_pages(GFP_KERNEL, 3), *q = __alloc_pages(GFP_KERNEL, 3, 0, NULL);
	unsigned long address = __get_free_pages(GFP_KERNEL, 3);

	CHECK(p && q && address && outstanding() == 24);
	memset(page_address(p), 1, PAGE_SIZE << 3);
	memset(page_address(q), 2, PAGE_SIZE << 3);
	memset((void *)address, 3, PAGE_SIZE << 3);
	CHECK(*(char *)page_address(nth_page(p, 7)) == 1 && nth_page(p, 7) == p + 7);
	__free_pages(p, 3);
	free_pages((unsigned long)page_address(q), 3);
	free_pages(address, 3);
	p = alloc_pages_node(0, GFP_KERNEL, 2);
	__free_pages(p, 2);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(blocks_of_every_order)
{
	for (unsigned int order = 0; order <= 10; order++) {
		struct page *p = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, order);
		unsigned char *bytes = page_address(p);

		CHECK(p && compound_order(p) == order && outstanding() == 1ul << order);
		CHECK((uintptr_t)bytes % (PAGE_SIZE << order) == 0);
		for (unsigned long i = 0; i < PAGE_SIZE << order; i++)
			CHECK(bytes[i] == 0);
		memset(bytes, 1, PAGE_SIZE << order);
		CHECK(virt_to_head_page(bytes + (PAGE_SIZE << order) - 1) == p);
		CHECK(pfn_to_page(page_to_pfn(p)) == p && nth_page(p, 0) == p);
		put_page(p);
	}
	CHECK(alloc_pages(GFP_KERNEL, 11) == NULL && alloc_pages(GFP_KERNEL, ~0u) == NULL && outstanding() == 0);
	check_conserved();
}

TEST(a_block_that_is_not_compound_has_no_head)
{
	struct page *p = alloc_pages(GFP_KERNEL, 2);

	CHECK(compound_order(p) == 0 && virt_to_head_page((char *)page_address(p) + 4096) == p + 1);
	__free_pages(p, 2);
	p = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	CHECK(compound_order(p + 1) == 0);
	get_page(p + 1);
	CHECK(page_count(p) == 2 && page_count(p + 3) == 2);
	put_page(p + 2);
	CHECK(page_count(p) == 1 && outstanding() == 4);
	put_page(p + 3);
	CHECK(outstanding() == 0);
}

TEST(split_blocks_are_single_pages)
{
	struct page *p = alloc_pages(GFP_KERNEL, 3);

	set_page_private(p + 2, 9);
	split_page(p, 3);
	for (int i = 0; i < 8; i++)
		CHECK(page_count(p + i) == 1 && compound_order(p + i) == 0);
	get_page(p + 5);
	CHECK(page_count(p + 5) == 2 && page_count(p + 4) == 1);
	put_page(p + 5);
	for (int i = 7; i >= 0; i--)
		__free_page(p + i);
	CHECK(outstanding() == 0);
	check_conserved();
	p = alloc_pages(GFP_KERNEL, 3);
	for (int i = 0; i < 8; i++)
		CHECK(page_private(p + i) == 0);
	__free_pages(p, 3);
}

TEST(exact_ranges)
{
	static const size_t sizes[] = { 1, 4096, 4097, 5 * 4096, 300 * 4096, 1023 * 4096 + 1, 4 << 20 };
	void *exact;

	for (int i = 0; i < 7; i++) {
		exact = alloc_pages_exact(sizes[i], GFP_KERNEL | __GFP_COMP);
		CHECK(exact && outstanding() == (sizes[i] + 4095) / 4096);
		memset(exact, 1, sizes[i]);
		free_pages_exact(exact, sizes[i]);
		CHECK(outstanding() == 0);
		check_conserved();
	}
	CHECK(alloc_pages_exact(0, GFP_KERNEL) == NULL && alloc_pages_exact((4 << 20) + 1, GFP_KERNEL) == NULL);
	CHECK(alloc_pages_exact(~(size_t)0, GFP_KERNEL) == NULL && outstanding() == 0);
}

TEST(orders_of_sizes)
{
	CHECK(get_order(1) == 0 && get_order(4096) == 0 && get_order(4097) == 1 && get_order(8192) == 1);
	CHECK(get_order(1 << 20) == 8 && get_order((1 << 20) + 1) == 9 && get_order(~0ul) == 52 && get_order(0) == 52);
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
	p = alloc_pages(GFP_KERNEL, 2);
	get_page(p);
	__free_pages(p, 2);
	CHECK(outstanding() == 4);
	__free_pages(p, 2);
	CHECK(outstanding() == 0);
}

TEST(private_is_zero_again_after_a_free)
{
	struct page *p = alloc_page(GFP_KERNEL), *again;

	set_page_private(p, 5);
	CHECK(page_private(p) == 5);
	__free_page(p);
	again = alloc_page(GFP_KERNEL);
	CHECK(again == p && page_private(again) == 0 && page_count(again) == 1);
	__free_page(again);
	p = alloc_pages(GFP_KERNEL, 1);
	set_page_private(p + 1, 5);
	__free_pages(p, 1);
	again = alloc_pages(GFP_KERNEL, 1);
	CHECK(again == p && page_private(p + 1) == 0);
	__free_pages(again, 1);
}

TEST(zeroed_pages_by_address)
{
	for (int round = 0; round < 3; round++) {
		unsigned char *zero = (unsigned char *)get_zeroed_page(GFP_KERNEL);

		for (int i = 0; i < 4096; i++)
			CHECK(zero[i] == 0);
		memset(zero, 0xff, 4096);
		free_page((unsigned long)zero);
	}
	CHECK(outstanding() == 0);
}

TEST(numbers_of_pages)
{
	struct page *p = alloc_page(GFP_KERNEL);

	CHECK(pfn_to_page(page_to_pfn(p)) == p && pfn_to_page(page_to_pfn(p) + 1) == p + 1);
	CHECK(pfn_to_page(~0ul) == NULL && pfn_to_page(1ul << 32) == NULL && pfn_to_page(0xffffffff) == NULL);
	__free_page(p);
}

TEST(limit_is_exact_and_emergency_is_for_high)
{
	static struct page *p[1024];
	unsigned int n = 0, high = 0;

	configure(512 * 4096, 0);
	while ((p[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		n++;
	CHECK(n == 508);
	CHECK(!alloc_page(__GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_NOWARN));
	while ((p[n + high] = alloc_page(high % 2 ? GFP_ATOMIC | __GFP_NOWARN : __GFP_MEMALLOC | __GFP_NOWARN)))
		high++;
	CHECK(high == 4);
	release_pages(p, 512);
	CHECK(outstanding() == 0);
	check_conserved();
}

static void *free_later(void *page)
{
	nap_ms(100);
	__free_page(page);
	return NULL;
}

/* Flags and mapping that a holder changes after saying so are as new for the next. */
TEST(touched_pages_come_clean)
{
	struct page *p, *tail;
	int again = 0;

	catch_reports();
	configure(512 * PAGE_SIZE, 0);
	p = alloc_page(GFP_KERNEL);
	tail = alloc_pages(GFP_KERNEL, 1) + 1;
	mempool_bulk_touch_page(p);
	mempool_bulk_touch_page(tail);
	p->flags = tail->flags = 5;
	p->mapping = tail->mapping = tail;
	__free_page(p);
	__free_pages(tail - 1, 1);
	for (struct page *q; (q = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL;) {
		again += q == p || q == tail;
		CHECK(q->flags == 0 && q->mapping == NULL);
	}
	CHECK(again == 2 && bugs == 0);
	__free_page(p);
	mempool_bulk_touch_page(p);
	CHECK(bugs == 1);
	mempool_bulk_touch_page(NULL);
	CHECK(bugs == 1 && warns == 0);
}

TEST(single_pages_become_blocks_again)
{
	static struct page *p[2048];
	struct page *block;
	unsigned int n;

	configure(2048 * 4096, 0);
	for (int round = 0; round < 3; round++) {
		memset(p, 0, sizeof(p));
		n = (unsigned int)alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 2048, p);
		CHECK(n == 2032);
		for (unsigned int step = 0; step < 7; step++)
			for (unsigned int i = step; i < n; i += 7)
				__free_page(p[i]);
		block = alloc_pages(GFP_KERNEL, 10);
		CHECK(block && outstanding() == 1024);
		__free_pages(block, 10);
		check_conserved();
	}
}

TEST(nofail_waits_for_a_page)
{
	struct page *p[64] = { NULL }, *one;
	pthread_t t;

	configure(64 * 4096, NO_RETRY);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 64, p) == 64 && !alloc_page(GFP_NOWAIT | __GFP_NOFAIL));
	CHECK(pthread_create(&t, NULL, free_later, p[0]) == 0);
	one = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	CHECK(one == p[0]);
	pthread_join(t, NULL);
	release_pages(p, 64);
}

TEST_MAIN()
