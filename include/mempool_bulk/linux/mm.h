/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mm.h: pages: references, private data, locking, folios, sizes. */
#ifndef MEMPOOL_BULK_LINUX_MM_H
#define MEMPOOL_BULK_LINUX_MM_H

#include <asm/page.h>
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mmzone.h>
#include <linux/overflow.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGN_DOWN(x) ALIGN_DOWN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define offset_in_folio(folio, p) ((unsigned long)(p) & (folio_size(folio) - 1))
#define page_to_virt(page) page_address(page)
#define lowmem_page_address(page) page_address(page)
#define nr_free_buffer_pages() totalram_pages()
#define totalhigh_pages() 0UL

/* All memory of the machine, in pages. */
static inline unsigned long totalram_pages(void)
{
	return mpb_ram_pages();
}

static inline struct folio *virt_to_folio(const void *addr)
{
	return page_folio(virt_to_page(addr));
}

static inline void *folio_address(const struct folio *folio)
{
	return page_address(&folio->page);
}

static inline unsigned int folio_order(const struct folio *folio)
{
	return compound_order(&folio->page);
}

static inline long folio_nr_pages(const struct folio *folio)
{
	return 1L << folio_order(folio);
}

static inline size_t folio_size(const struct folio *folio)
{
	return PAGE_SIZE << folio_order(folio);
}

static inline void folio_get(struct folio *folio)
{
	get_page(&folio->page);
}

static inline void folio_put(struct folio *folio)
{
	put_page(&folio->page);
}

static inline void folio_put_refs(struct folio *folio, int refs)
{
	while (refs-- > 0)
		folio_put(folio);
}

#define folio_pfn(folio) page_to_pfn(&(folio)->page)
#define folio_page_idx(folio, page) ((unsigned long)((page) - &(folio)->page))
#define compound_nr(page) (1UL << compound_order(page))
#define page_size(page) (PAGE_SIZE << compound_order(page))
#define page_shift(page) (PAGE_SHIFT + compound_order(page))
#define thp_nr_pages(page) ((int)compound_nr(page))
#define thp_size(page) page_size(page)
#define thp_order(page) compound_order(page)
#define page_is_pfmemalloc(page) ((void)(page), false)

/* A page of zeros that nobody writes to. */
static inline struct page *mpb_zero_page(void)
{
	static struct page *zero;
	struct page *page = __atomic_load_n(&zero, __ATOMIC_ACQUIRE), *none = NULL;

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
	if (__atomic_compare_exchange_n(&zero, &none, page, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return page;
	__free_page(page);
	return none;
}
#define ZERO_PAGE(vaddr) ((void)(vaddr), mpb_zero_page())

static inline void put_pages_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		put_page(page);
	INIT_LIST_HEAD(pages);
}

#endif
