/* Valgrind's memcheck with the library as installed: pages that nobody holds, pages that nobody wrote, and pages
 * that are lost. */
#define TOOL_VALGRIND
#include "tool.h"

static mempool_t pool;
static volatile int sink;

static void use_after_free(void)
{
	struct page *p = alloc_page(GFP_KERNEL);
	volatile char *bytes = page_address(p);

	bytes[0] = 1;
	__free_page(p);
	HERE bytes[0] = 2;
}

static void bulk_use_after_free(void)
{
	struct page *p[100] = { NULL };
	volatile char *bytes;

	CHECK(alloc_pages_bulk(GFP_KERNEL, 100, p) == 100);
	bytes = page_address(p[77]);
	release_pages(p, 100);
	HERE bytes[4000] = 2;
}

static void overflow(void)
{
	struct page *p = alloc_pages(GFP_KERNEL, 1);
	volatile char *bytes = page_address(p);

	bytes[2 * 4096 - 1] = 1;
	HERE bytes[2 * 4096] = 1;
}

static void reserve_element(void)
{
	volatile char *bytes;

	CHECK(mempool_init_kmalloc_pool(&pool, 2, 100) == 0);
	bytes = pool.elements[1];
	HERE bytes[3] = 1;
}

static void unwritten(void)
{
	struct page *p = alloc_page(GFP_KERNEL);
	volatile int *at = page_address(p);

	if (HERE *at)
		sink = 1;
}

static void lost(void)
{
	HERE alloc_page(GFP_KERNEL);
}

static void lost_buffer(void)
{
	HERE __get_free_pages(GFP_KERNEL, 1);
}

static void free_twice(void)
{
	void *e;

	CHECK(mempool_init_kmalloc_pool(&pool, 2, 100) == 0 && mempool_alloc_preallocated(&pool));
	e = mempool_alloc_preallocated(&pool);
	mempool_free(e, &pool);
	HERE mempool_free(e, &pool);
}

struct page *kept, *kept_block;
unsigned long kept_address;
void *kept_exact, *kept_buffers[3];

static void all_is_well(void)
{
	struct page *p[150];
	void **in_page;

	for (unsigned int n = 1; n <= 150; n += 47) {
		memset(p, 0, sizeof(p));
		CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, n, p) == n);
		for (unsigned int i = 0; i < n; i++)
			CHECK(*(int *)page_address(p[i]) == 0);
		release_pages(p, (int)n);
	}
	kept = alloc_page(GFP_KERNEL);
	kept_block = alloc_pages(GFP_KERNEL, 2);
	split_page(kept_block, 2);
	for (int i = 1; i < 4; i++)
		__free_page(kept_block + i);
	kept_address = __get_free_pages(GFP_KERNEL, 1);
	kept_exact = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL);
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 3, kept_buffers));
	in_page = page_address(kept);
	*in_page = malloc(10);
}

static const struct tool_case cases[] = {
#define CASE(name) { #name, name }
	CASE(use_after_free), CASE(bulk_use_after_free), CASE(overflow), CASE(reserve_element), CASE(unwritten), CASE(lost),
	CASE(lost_buffer), CASE(free_twice), CASE(all_is_well), { NULL, NULL },
};

#define FOUND(name, words) check_found(name, words, "memcheck.c")

TEST(a_page_after_its_free) { FOUND("use_after_free", "Invalid write of size 1"); }
TEST(a_page_of_many_after_its_free) { FOUND("bulk_use_after_free", "Invalid write of size 1"); }
TEST(past_the_end_of_a_block) { FOUND("overflow", "Invalid write of size 1"); }
TEST(an_element_in_a_reserve) { FOUND("reserve_element", "Invalid write of size 1"); }
TEST(a_page_that_was_never_written) { FOUND("unwritten", "depends on uninitialised value"); }
TEST(a_page_that_is_lost) { FOUND("lost", "definitely lost"); }
TEST(an_address_that_is_lost) { FOUND("lost_buffer", "definitely lost"); }
TEST(an_element_freed_twice) { FOUND("free_twice", "freed twice"); }
TEST(nothing_wrong_is_silent) { check_clean("all_is_well"); }

int main(int argc, char **argv)
{
	return tool_main(argc, argv, cases);
}
