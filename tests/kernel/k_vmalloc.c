/* vmap and its like: one address for scattered pages, which are mapped a second time. */
#include <errno.h>
#include <unistd.h>
#include "vmalloc.h"

enum { MANY = 64 };

static int maps_between(const char *from, const char *to)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned long at;
	int n = 0;

	while (fgets(line, sizeof(line), f))
		n += sscanf(line, "%lx-", &at) == 1 && at >= (unsigned long)from && at < (unsigned long)to;
	fclose(f);
	return n;
}

TEST(scattered_pages_have_one_address)
{
	struct page *pages[MANY];
	unsigned char *mapped;

	start("1");
	take_scattered(pages, MANY);
	mapped = vmap(pages, MANY, VM_MAP, PAGE_KERNEL);
	CHECK(mapped && PAGE_ALIGNED(mapped) && !is_vmalloc_addr(page_address(pages[0])));
	for (int i = 0; i < MANY * 4096; i++)
		mapped[i] = (unsigned char)(i * 7 + i / 4096);
	for (int i = 0; i < MANY; i++) {
		unsigned char *bytes = kmap_local_page(pages[i]);

		for (int at = 0; at < 4096; at++)
			CHECK(bytes[at] == (unsigned char)((i * 4096 + at) * 7 + i));
		bytes[17] = (unsigned char)(i + 1);
		CHECK(mapped[i * 4096 + 17] == i + 1);
		CHECK(vmalloc_to_page(mapped + i * 4096) == pages[i] && vmalloc_to_page(mapped + i * 4096 + 4095) == pages[i]);
		CHECK(vmalloc_to_pfn(mapped + i * 4096) == page_to_pfn(pages[i]));
		kunmap_local(bytes);
	}
	CHECK(is_vmalloc_addr(mapped) && is_vmalloc_addr(mapped + MANY * 4096 - 1));
	CHECK(!is_vmalloc_addr(mapped - 1) && !is_vmalloc_addr(mapped + MANY * 4096) && !is_vmalloc_addr(pages) && !is_vmalloc_addr(NULL));
	vunmap(mapped);
	vm_unmap_aliases();
	CHECK(!is_vmalloc_addr(mapped) && maps_between((char *)mapped, (char *)mapped + MANY * 4096) == 0);
	CHECK(*((unsigned char *)page_address(pages[5]) + 17) == 6);
	give(pages, MANY);
	CHECK(warns == 0 && bugs == 0);
}

TEST(a_page_may_be_there_twice)
{
	struct page *page, *pages[3];
	char *mapped;

	start("1");
	page = pages[0] = pages[1] = pages[2] = alloc_page(GFP_KERNEL);
	mapped = vm_map_ram(pages, 3, NUMA_NO_NODE);
	CHECK(mapped);
	mapped[4096 + 9] = 'x';
	CHECK(mapped[9] == 'x' && mapped[2 * 4096 + 9] == 'x' && vmalloc_to_page(mapped + 8192) == page);
	vm_unmap_ram(mapped, 3);
	__free_page(page);
	CHECK(warns == 0 && bugs == 0);
}

/* A process may have so many mappings and no more: neighbours among the pages share one. */
TEST(runs_are_mapped_together)
{
	struct page *block, *pages[MANY / 2];
	char *mapped;

	start("1");
	block = alloc_pages(GFP_KERNEL, 5);
	for (unsigned long i = 0; i < 32; i++)
		pages[i] = nth_page(block, i ^ 16);
	mapped = vm_map_ram(pages, 32, NUMA_NO_NODE);
	CHECK(mapped && maps_between(mapped, mapped + 32 * 4096) == 2);
	vm_unmap_ram(mapped, 32);
	__free_pages(block, 5);
}

/* Neighbours need no second mapping, with shared memory or without. */
static void map_neighbours(void)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2), *pages[4];
	char *mapped, *again;

	for (unsigned long i = 0; i < 4; i++)
		pages[i] = nth_page(block, i);
	mapped = vmap(pages, 4, VM_MAP, PAGE_KERNEL);
	CHECK(mapped == page_address(block));
	memset(mapped, 0x77, 4 * PAGE_SIZE);
	again = vm_map_ram(pages + 1, 2, NUMA_NO_NODE);
	CHECK(again == mapped + 4096 && vmalloc_to_page(again + 4096) == pages[2] && is_vmalloc_addr(mapped + 4 * 4096 - 1));
	vunmap(mapped);
	CHECK(is_vmalloc_addr(again) && !is_vmalloc_addr(mapped) && !is_vmalloc_addr(mapped + 3 * 4096));
	vm_unmap_ram(again, 2);
	CHECK(!is_vmalloc_addr(again) && warns == 0 && bugs == 0);
	__free_pages(block, 2);
}

TEST(neighbours_need_no_mapping)
{
	start("1");
	map_neighbours();
}

TEST(without_shared_memory_only_neighbours)
{
	struct page *pages[4], *one;

	start("0");
	map_neighbours();
	take_scattered(pages, 4);
	CHECK(!vmap(pages, 4, VM_MAP, PAGE_KERNEL) && warns == 1 && strstr(said, "MEMPOOL_BULK_MEMFD=1"));
	CHECK(!vm_map_ram(pages, 2, NUMA_NO_NODE) && warns == 1 && bugs == 0);
	one = pages[0];
	CHECK(!vmap(&one, 1, VM_MAP, PAGE_KERNEL_RO) && warns == 1);
	CHECK(vmap(&one, 1, VM_MAP, PAGE_KERNEL) == page_address(one));
	vunmap(page_address(one));
	give(pages, 4);
}

TEST(read_only_is_read_only)
{
	struct page *block, *pages[2];
	char *mapped;
	int fd[2];

	start("1");
	block = pages[0] = alloc_pages(GFP_KERNEL, 1);
	pages[1] = nth_page(block, 1);
	mapped = vmap(pages, 2, VM_MAP, PAGE_KERNEL_RO);
	CHECK(mapped && mapped != page_address(block));
	strcpy(page_address(pages[1]), "seen");
	CHECK(strcmp(mapped + 4096, "seen") == 0);
	/* The system writes there as little as the program can. */
	CHECK(pipe(fd) == 0 && write(fd[1], "text", 4) == 4 && read(fd[0], mapped, 4) == -1 && errno == EFAULT);
	vunmap(mapped);
	__free_pages(block, 1);
}

TEST(a_mapping_that_owns_its_pages)
{
	struct page **pages = kmalloc_array(8, sizeof(*pages), GFP_KERNEL), *kept, *gone;
	char *mapped;

	start("1");
	take_scattered(pages, 8);
	kept = pages[3];
	gone = pages[4];
	get_page(kept);
	mapped = vmap(pages, 8, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	CHECK(mapped && page_count(gone) == 1);
	vfree(mapped);
	CHECK(!is_vmalloc_addr(mapped) && maps_between(mapped, mapped + 8 * 4096) == 0 && page_count(gone) == 0 && page_count(kept) == 1);
	__free_page(kept);
	vfree(vmalloc(10000)); /* no mapping */
	vfree(NULL);
	CHECK(warns == 0 && bugs == 0);
}

TEST(a_mapping_that_owns_neighbours)
{
	struct page **pages = kmalloc_array(4, sizeof(*pages), GFP_KERNEL), *block;
	void *mapped;

	start("0");
	block = alloc_pages(GFP_KERNEL, 2);
	split_page(block, 2);
	for (unsigned long i = 0; i < 4; i++)
		pages[i] = nth_page(block, i);
	mapped = vmap(pages, 4, VM_MAP_PUT_PAGES, PAGE_KERNEL);
	CHECK(mapped == page_address(block) && vm_map_ram(pages, 4, NUMA_NO_NODE) == mapped);
	vunmap(mapped); /* the other one: this one knows the pages still */
	CHECK(page_count(block) == 1 && is_vmalloc_addr(mapped));
	vfree(mapped);
	CHECK(page_count(block) == 0 && page_count(nth_page(block, 3)) == 0 && !is_vmalloc_addr(mapped));
	vfree(mapped);
	CHECK(bugs == 1 && warns == 0);
}

#define REPORTED(counter, call)                                                                   \
	do {                                                                                      \
		int all = warns + bugs, before = counter;                                         \
		call;                                                                             \
		CHECK(counter == before + 1 && warns + bugs == all + 1);                          \
	} while (0)

TEST(nonsense_is_reported)
{
	struct page *pages[4], *free_one, *array[4];
	char *mapped;

	start("1");
	take_scattered(pages, 4);
	memcpy(array, pages, sizeof(array));
	free_one = alloc_page(GFP_KERNEL);
	__free_page(free_one);
	REPORTED(warns, CHECK(!vmap(pages, 0, VM_MAP, PAGE_KERNEL)));
	REPORTED(warns, CHECK(!vmap(NULL, 3, VM_MAP, PAGE_KERNEL)));
	array[2] = NULL;
	REPORTED(bugs, CHECK(!vmap(array, 4, VM_MAP, PAGE_KERNEL)));
	array[2] = (struct page *)((char *)pages[1] + 8);
	REPORTED(bugs, CHECK(!vm_map_ram(array, 4, NUMA_NO_NODE)));
	array[2] = free_one;
	REPORTED(bugs, CHECK(!vm_map_ram(array, 4, NUMA_NO_NODE)));
	mapped = vm_map_ram(pages, 4, NUMA_NO_NODE);
	CHECK(mapped);
	REPORTED(warns, vm_unmap_ram(mapped, 3));
	REPORTED(warns, vunmap(mapped + 4096));
	REPORTED(warns, vunmap(page_address(pages[0])));
	REPORTED(warns, vunmap(pages));
	vunmap(NULL);
	CHECK(is_vmalloc_addr(mapped));
	vm_unmap_ram(mapped, 4);
	REPORTED(warns, vm_unmap_ram(mapped, 4));
	REPORTED(warns, vunmap(mapped));
	REPORTED(bugs, CHECK(!vmalloc_to_page(mapped)));
	REPORTED(bugs, vfree(page_address(pages[0])));
	give(pages, 4);
}

TEST_MAIN()
