/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/page-flags.h: the flags of a page. Set*, Clear* and TestSet*, TestClear* are atomic; a folio has
 * those of its first page. All are clear again when the page is freed. */
#ifndef MEMPOOL_BULK_LINUX_PAGE_FLAGS_H
#define MEMPOOL_BULK_LINUX_PAGE_FLAGS_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/mm_types.h>

enum pageflags {
	PG_locked,
	PG_waiters, /* somebody waits for PG_locked: lock_page's own */
	PG_error,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,
	PG_active,
	PG_workingset,
	PG_owner_priv_1,
	PG_arch_1,
	PG_reserved,
	PG_private,
	PG_private_2,
	PG_writeback,
	PG_reclaim,
	PG_swapbacked,
	PG_unevictable,
	__NR_PAGEFLAGS,
	PG_checked = PG_owner_priv_1,
	PG_fscache = PG_private_2
};

/* Before a flag is set the library must know that this page is to be reset when it is freed. */
static inline unsigned long *mpb_flags_to_set(struct page *page)
{
	mempool_bulk_touch_page(page);
	return &page->flags;
}

#define MPB_PAGE_FLAG(Name, name, bit)                                                             \
	static inline bool Page##Name(const struct page *page) { return test_bit(bit, &page->flags); } \
	static inline void SetPage##Name(struct page *page) { set_bit(bit, mpb_flags_to_set(page)); } \
	static inline void ClearPage##Name(struct page *page) { clear_bit(bit, &page->flags); }    \
	static inline bool TestSetPage##Name(struct page *page) { return test_and_set_bit(bit, mpb_flags_to_set(page)); } \
	static inline bool TestClearPage##Name(struct page *page) { return test_and_clear_bit(bit, &page->flags); } \
	static inline bool folio_test_##name(const struct folio *folio) { return Page##Name(&folio->page); } \
	static inline void folio_set_##name(struct folio *folio) { SetPage##Name(&folio->page); }  \
	static inline void folio_clear_##name(struct folio *folio) { ClearPage##Name(&folio->page); } \
	static inline bool folio_test_set_##name(struct folio *folio) { return TestSetPage##Name(&folio->page); } \
	static inline bool folio_test_clear_##name(struct folio *folio) { return TestClearPage##Name(&folio->page); }

MPB_PAGE_FLAG(Error, error, PG_error)
MPB_PAGE_FLAG(Referenced, referenced, PG_referenced)
MPB_PAGE_FLAG(Uptodate, uptodate, PG_uptodate)
MPB_PAGE_FLAG(Dirty, dirty, PG_dirty)
MPB_PAGE_FLAG(LRU, lru, PG_lru)
MPB_PAGE_FLAG(Active, active, PG_active)
MPB_PAGE_FLAG(Workingset, workingset, PG_workingset)
MPB_PAGE_FLAG(Checked, checked, PG_checked)
MPB_PAGE_FLAG(OwnerPriv1, owner_priv_1, PG_owner_priv_1)
MPB_PAGE_FLAG(Reserved, reserved, PG_reserved)
MPB_PAGE_FLAG(Private, private, PG_private)
MPB_PAGE_FLAG(Private2, private_2, PG_private_2)
MPB_PAGE_FLAG(Writeback, writeback, PG_writeback)
MPB_PAGE_FLAG(Reclaim, reclaim, PG_reclaim)
MPB_PAGE_FLAG(SwapBacked, swapbacked, PG_swapbacked)
MPB_PAGE_FLAG(Unevictable, unevictable, PG_unevictable)

/* Locking is lock_page(); these only look, or prepare a page that nobody else knows. */
static inline bool PageLocked(const struct page *page) { return test_bit(PG_locked, &page->flags); }
static inline bool folio_test_locked(const struct folio *folio) { return PageLocked(&folio->page); }
static inline void __SetPageLocked(struct page *page) { set_bit(PG_locked, &page->flags); }
static inline void __ClearPageLocked(struct page *page) { clear_bit(PG_locked, &page->flags); }
#define __SetPageUptodate(page) SetPageUptodate(page)
#define folio_mark_uptodate(folio) folio_set_uptodate(folio)

/* Blocks of __GFP_COMP: the first page is the head, the others are tails. */
static inline bool PageHead(const struct page *page) { return compound_order(page) > 0; }
static inline bool PageTail(const struct page *page) { return mpb_head(page) != page; }
static inline bool PageCompound(const struct page *page) { return PageHead(page) || PageTail(page); }
static inline bool folio_test_large(const struct folio *folio) { return PageHead(&folio->page); }
#define PageHuge(page) ((void)(page), false)
#define PageHighMem(page) ((void)(page), false)
#define PageAnon(page) ((void)(page), false)
#define PageSlab(page) ((void)(page), false)
#define PagePoisoned(page) ((void)(page), false)

#endif
