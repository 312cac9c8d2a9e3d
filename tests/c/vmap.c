/* mempool_bulk_vmap() where the system has no more: a clean failure, and all is as before. */
#include "memfd.h"
#include <sys/resource.h>

static struct page *two[2], *many[70000];

static void set_up(void)
{
	struct page *block;

	configure_memfd(LIMIT, 0);
	catch_reports();
	block = alloc_pages(GFP_KERNEL, 2);
	split_page(block, 2);
	two[0] = nth_page(block, 2);
	two[1] = block;
	for (int i = 0; i < 70000; i++)
		many[i] = two[i % 2];
}

static void map_two(void)
{
	char *mapped = mempool_bulk_vmap(two, 2, 0);

	CHECK(mapped && mempool_bulk_is_vmapped(mapped + 8191));
	mapped[4096] = 5;
	CHECK(*(char *)page_address(two[1]) == 5);
	mempool_bulk_vunmap(mapped, 2);
}

static long address_space_pages(void)
{
	long pages;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%ld", &pages) == 1);
	fclose(f);
	return pages;
}

TEST(no_address_space_is_left)
{
	struct rlimit limit;
	long before;

	if (under_valgrind())
		exit(77); /* Valgrind itself would hit the limit */
	set_up();
	map_two();
	before = address_space_pages();
	limit.rlim_cur = limit.rlim_max = (rlim_t)(before + 10000) * 4096;
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int i = 0; i < 10; i++)
		CHECK(!mempool_bulk_vmap(many, 20000, 0) && address_space_pages() <= before + 100);
	map_two();
	CHECK(bugs == 0 && warns == 0);
}

TEST(no_mapping_is_left)
{
	long before;
	char *mapped;

	if (under_valgrind())
		exit(77); /* it can't count as many mappings as this makes */
	set_up();
	map_two();
	before = address_space_pages();
	if ((mapped = mempool_bulk_vmap(many, 70000, 0)) != NULL) {
		mempool_bulk_vunmap(mapped, -1);
		exit(77); /* no limit to be met */
	}
	CHECK(address_space_pages() <= before + 100);
	map_two();
	CHECK(bugs == 0 && warns == 0);
}

/* The program has closed what it does not know: nothing can be mapped from there. */
TEST(no_descriptor)
{
	set_up();
	close(mempool_bulk_memfd());
	CHECK(!mempool_bulk_vmap(two, 2, 0) && warns == 1 && !mempool_bulk_is_vmapped(page_address(two[0])));
}

TEST(unknown_flags)
{
	set_up();
	CHECK(!mempool_bulk_vmap(two, 2, 64) && warns == 1 && !mempool_bulk_vmap(two, 2, ~0u) && warns == 2);
	map_two();
}

TEST_MAIN()
