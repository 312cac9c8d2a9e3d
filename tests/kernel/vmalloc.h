/* What the tests of vmap share: caught reports, and pages none of which follows another. */
#ifndef TESTS_VMALLOC_H
#define TESTS_VMALLOC_H

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "../c/test.h"

static int warns, bugs;
static char said[512];

static inline void on_report(enum mempool_bulk_report kind, const char *text, void *data)
{
	(void)data;
	__atomic_fetch_add(kind == MEMPOOL_BULK_REPORT_BUG ? &bugs : &warns, 1, __ATOMIC_RELAXED);
	snprintf(said, sizeof(said), "%s", text);
}

/* Before the first use of the library: "1" for shared memory, "0" for private. */
static inline void start(const char *shared)
{
	setenv("MEMPOOL_BULK_MEMFD", shared, 1);
	mempool_bulk_set_report_handler(on_report, NULL);
}

/* Pages none of which follows another: every third of a block, from its end. */
static inline void take_scattered(struct page **pages, unsigned int n)
{
	struct page *block = alloc_pages(GFP_KERNEL, 8);

	CHECK(block && n <= 80);
	split_page(block, 8);
	for (unsigned int i = 0; i < 256; i++)
		if (i % 3 == 1 && i / 3 < n)
			pages[n - 1 - i / 3] = nth_page(block, i);
		else
			__free_page(nth_page(block, i));
}

static inline void give(struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__free_page(pages[i]);
}

#endif
