/* AddressSanitizer with the library as installed: the twelve mempool checks of the kernel's KASAN suite, contract
 * K156 to K159, and accesses to pages that nobody holds. */
#include "tool.h"
#include <sanitizer/asan_interface.h>

static mempool_t pool;
static void *volatile taken; /* else it would be a leak */
enum { LARGE = 8193 };

/* As the KASAN suite does: one more element is out, so that frees go into the reserve. */
static void *from_kmalloc(size_t size)
{
	CHECK(mempool_init_kmalloc_pool(&pool, 4, size) == 0 && (taken = mempool_alloc_preallocated(&pool)));
	return mempool_alloc_preallocated(&pool);
}

static void *from_slab(void)
{
	CHECK(mempool_init_slab_pool(&pool, 4, kmem_cache_create("asan", 123, 0, 0, NULL)) == 0 && (taken = mempool_alloc_preallocated(&pool)));
	return mempool_alloc_preallocated(&pool);
}

static struct page *from_pages(int order)
{
	CHECK(mempool_init_page_pool(&pool, 4, order) == 0 && (taken = mempool_alloc_preallocated(&pool)));
	return mempool_alloc_preallocated(&pool);
}

static void write_at(volatile char *element, size_t at)
{
	HERE element[at] = 1;
}

static void use_after_free(volatile char *bytes, void *element)
{
	bytes[0] = 1;
	mempool_free(element, &pool);
	HERE bytes[0] = 2;
}

static void free_twice(void *element)
{
	mempool_free(element, &pool);
	HERE mempool_free(element, &pool);
}

static void free_inside(char *element)
{
	HERE mempool_free(element + 1, &pool);
}

static void kmalloc_oob_right(void) { write_at(from_kmalloc(128 - 8 - 5), 128 - 8 - 5); }
static void kmalloc_large_oob_right(void) { write_at(from_kmalloc(LARGE), LARGE); }
static void slab_oob_right(void) { write_at(from_slab(), 123); }
static void kmalloc_uaf(void) { void *e = from_kmalloc(128); use_after_free(e, e); }
static void kmalloc_large_uaf(void) { void *e = from_kmalloc(LARGE); use_after_free(e, e); }
static void slab_uaf(void) { void *e = from_slab(); use_after_free(e, e); }
static void page_alloc_uaf(void) { struct page *p = from_pages(2); use_after_free(page_address(p), p); }
static void kmalloc_double_free(void) { free_twice(from_kmalloc(128)); }
static void kmalloc_large_double_free(void) { free_twice(from_kmalloc(LARGE)); }
static void page_alloc_double_free(void) { free_twice(from_pages(2)); }
static void kmalloc_invalid_free(void) { free_inside(from_kmalloc(128)); }
static void kmalloc_large_invalid_free(void) { free_inside(from_kmalloc(LARGE)); }

static void page_uaf(void)
{
	struct page *p = alloc_page(GFP_KERNEL);
	volatile char *bytes = page_address(p);

	__free_page(p);
	HERE bytes[4095] = 1;
}

/* Pages that come and go many at a time too. */
static void bulk_uaf(void)
{
	struct page *p[200] = { NULL };
	volatile char *bytes;

	CHECK(alloc_pages_bulk(GFP_KERNEL, 200, p) == 200);
	bytes = page_address(p[137]);
	release_pages(p, 200);
	HERE bytes[0] = 1;
}

static void page_never_handed_out(void)
{
	volatile char *bytes = page_address(alloc_page(GFP_KERNEL));

	HERE bytes[1 << 20] = 1;
}

static void overflow(void)
{
	struct page *p = alloc_pages(GFP_KERNEL, 2);
	volatile char *bytes = page_address(p);

	bytes[4 * 4096 - 1] = 1;
	HERE bytes[4 * 4096] = 1;
}

static void buffer_uaf(void)
{
	void *b[3];

	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0 && mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 3, b));
	mempool_bulk_free_buffers(&pool, b, 3);
	HERE((volatile char *)b[1])[7] = 1;
}

static void page_freed_twice(void)
{
	struct page *p = alloc_page(GFP_KERNEL);

	__free_page(p);
	HERE __free_page(p);
}

/* What lies in a reserve is nobody's. */
static void reserve_page(void)
{
	volatile char *bytes;

	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	bytes = page_address(pool.elements[2]);
	HERE bytes[0] = 1;
}

static void after_a_trim(void)
{
	static struct page *p[8 << 9];
	volatile char *bytes;

	configure(64 << 20, 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8 << 9, p) == 8 << 9);
	release_pages(p, 8 << 9);
	CHECK(mempool_bulk_trim(0) > 0);
	memset(p, 0, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8 << 9, p) == 8 << 9);
	for (int i = 0; i < 8 << 9; i++)
		*(int *)page_address(p[i]) = i;
	bytes = page_address(p[4000]);
	release_pages(p, 8 << 9);
	HERE bytes[0] = 1;
}

/* What is right is silent: all of it, in every size, zeroed too; a pointer that is kept in a page is no leak. */
static void all_is_well(void)
{
	struct page *p[300], *block, **kept;
	void *e[8], *exact;

	for (unsigned int n = 1; n <= 300; n += 23) {
		memset(p, 0, sizeof(p));
		CHECK(alloc_pages_bulk(n % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO, n, p) == n);
		for (unsigned int i = 0; i < n; i++)
			memset(page_address(p[i]), 1, PAGE_SIZE);
		release_pages(p, (int)n);
	}
	for (unsigned int order = 0; order <= 5; order++) {
		CHECK((block = alloc_pages(GFP_KERNEL | __GFP_ZERO, order)));
		memset(page_address(block), 1, PAGE_SIZE << order);
		__free_pages(block, order);
	}
	CHECK((block = alloc_pages(GFP_KERNEL, 3)));
	split_page(block, 3);
	for (int i = 0; i < 8; i++)
		__free_page(block + i);
	CHECK((exact = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL)));
	memset(exact, 1, 5 * PAGE_SIZE);
	free_pages_exact(exact, 5 * PAGE_SIZE);
	for (size_t size = 1; size < 300; size += 7) {
		CHECK(mempool_init_kmalloc_pool(&pool, 8, size) == 0);
		for (int i = 0; i < 8; i++)
			memset(e[i] = mempool_alloc_preallocated(&pool), 1, size);
		for (int i = 0; i < 8; i++)
			mempool_free(e[i], &pool);
		CHECK(mempool_resize(&pool, 3) == 0 && mempool_resize(&pool, 6) == 0);
		mempool_exit(&pool);
	}
	CHECK((block = alloc_page(GFP_KERNEL)));
	kept = page_address(block);
	*kept = malloc(100);
}

static const struct tool_case cases[] = {
#define CASE(name) { #name, name }
	CASE(kmalloc_oob_right), CASE(kmalloc_large_oob_right), CASE(slab_oob_right), CASE(kmalloc_uaf), CASE(kmalloc_large_uaf),
	CASE(slab_uaf), CASE(page_alloc_uaf), CASE(kmalloc_double_free), CASE(kmalloc_large_double_free), CASE(page_alloc_double_free),
	CASE(kmalloc_invalid_free), CASE(kmalloc_large_invalid_free), CASE(page_uaf), CASE(bulk_uaf), CASE(page_never_handed_out),
	CASE(overflow), CASE(buffer_uaf), CASE(page_freed_twice), CASE(reserve_page), CASE(after_a_trim), CASE(all_is_well),
	{ NULL, NULL },
};

#define FOUND(name, words) check_found(name, words, "asan.c")

TEST(K159_kmalloc_oob_right) { FOUND("kmalloc_oob_right", "heap-buffer-overflow"); }
TEST(K159_kmalloc_large_oob_right) { FOUND("kmalloc_large_oob_right", "heap-buffer-overflow"); }
TEST(K159_slab_oob_right) { FOUND("slab_oob_right", "heap-buffer-overflow"); }
TEST(H158_kmalloc_uaf) { FOUND("kmalloc_uaf", "use-after-poison"); }
TEST(H158_kmalloc_large_uaf) { FOUND("kmalloc_large_uaf", "use-after-poison"); }
TEST(H158_slab_uaf) { FOUND("slab_uaf", "use-after-poison"); }
TEST(H158_page_alloc_uaf) { FOUND("page_alloc_uaf", "use-after-poison"); }
TEST(K156_kmalloc_double_free) { FOUND("kmalloc_double_free", "freed twice"); }
TEST(K156_kmalloc_large_double_free) { FOUND("kmalloc_large_double_free", "freed twice"); }
TEST(K156_page_alloc_double_free) { FOUND("page_alloc_double_free", "freed twice"); }
TEST(K157_kmalloc_invalid_free) { FOUND("kmalloc_invalid_free", "is not where an element begins"); }
TEST(K157_kmalloc_large_invalid_free) { FOUND("kmalloc_large_invalid_free", "is not where an element begins"); }
TEST(a_page_after_its_free) { FOUND("page_uaf", "use-after-poison"); }
TEST(a_page_of_many_after_its_free) { FOUND("bulk_uaf", "use-after-poison"); }
TEST(a_page_that_nobody_was_given) { FOUND("page_never_handed_out", "use-after-poison"); }
TEST(past_the_end_of_a_block) { FOUND("overflow", "use-after-poison"); }
TEST(a_buffer_after_its_free) { FOUND("buffer_uaf", "use-after-poison"); }
TEST(a_page_freed_twice) { FOUND("page_freed_twice", "freed twice"); }
TEST(a_page_in_a_reserve) { FOUND("reserve_page", "use-after-poison"); }
TEST(a_page_that_was_trimmed_between) { FOUND("after_a_trim", "use-after-poison"); }
TEST(nothing_wrong_is_silent) { check_clean("all_is_well"); }

/* With a handler that returns: nothing changed, and the right free works. */
TEST(K156_K157_nothing_is_changed)
{
	void *e = from_kmalloc(128), *p = NULL;

	catch_reports();
	mempool_free((char *)e + 1, &pool);
	CHECK(bugs == 1 && pool.curr_nr == 2);
	mempool_free(e, &pool);
	CHECK(bugs == 1 && pool.curr_nr == 3);
	mempool_free(e, &pool);
	CHECK(bugs == 2 && pool.curr_nr == 3 && mempool_free_bulk(&pool, &e, 1) == 1 && bugs == 3 && pool.curr_nr == 3);
	/* A full reserve must not let it through to kfree() either. */
	mempool_free(p = malloc(128), &pool);
	mempool_free(pool.elements[0], &pool);
	CHECK(bugs == 4 && pool.curr_nr == 4 && __asan_address_is_poisoned(p));
	mempool_exit(&pool);
	CHECK(bugs == 4 && !__asan_address_is_poisoned(&pool));
}

/* Poison and the sanitizer get along. */
TEST(K152_poison_under_the_sanitizer)
{
	unsigned char *e;

	CHECK(mempool_bulk_set_poison(true) == 0);
	e = from_kmalloc(100);
	catch_reports();
	CHECK(e[0] == 0x5a && e[99] == 0x5a);
	mempool_free(e, &pool);
	__asan_unpoison_memory_region(e, 100);
	CHECK(e[0] == 0x6b && e[99] == 0xa5);
	e[5] = 0;
	CHECK(mempool_alloc_preallocated(&pool) == e && warns == 1);
	mempool_free(e, &pool);
	mempool_exit(&pool);
}

int main(int argc, char **argv)
{
	return tool_main(argc, argv, cases);
}
