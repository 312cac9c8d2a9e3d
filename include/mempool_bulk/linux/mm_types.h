/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mm_types.h: the page, and a folio: the same structure seen as the head of its block. */
#ifndef MEMPOOL_BULK_LINUX_MM_TYPES_H
#define MEMPOOL_BULK_LINUX_MM_TYPES_H

#include <linux/list.h>
#include <linux/types.h>

struct mm_struct;
struct vm_area_struct;
struct address_space;

/* may_alias: one piece of memory is used under both names. */
struct folio {
	union {
		struct page page;
		struct {
			unsigned long flags;
			struct list_head lru;
			struct address_space *mapping;
			pgoff_t index;
			void *private;
			int _mapcount;
			int _refcount;
		};
	};
} __attribute__((__may_alias__));
_Static_assert(sizeof(struct folio) == sizeof(struct page), "a folio is a page");
_Static_assert(offsetof(struct folio, private) == offsetof(struct page, private), "private is private");
_Static_assert(offsetof(struct folio, _refcount) == offsetof(struct page, _refcount), "references");

static inline struct page *mpb_head(const void *page)
{
	const struct page *tail = page;

	/* The head of a compound block is the page of the address; any other page is its own. */
	return virt_to_head_page(page_address(tail));
}
#define page_folio(page) ((struct folio *)(void *)mpb_head(page))
#define folio_page(folio, n) nth_page(&(folio)->page, n)
#define compound_head(page) mpb_head(page)

#endif
