/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/pagemap.h: locking of pages, and data that is attached to them. */
#ifndef MEMPOOL_BULK_LINUX_PAGEMAP_H
#define MEMPOOL_BULK_LINUX_PAGEMAP_H

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include "../detail/futex.h"

/* PG_locked is the lock, PG_waiters says that unlock_page() must wake:
 *   free 00 -> locked 01 -> locked with waiters 11 -> free 00
 * A waiter sets both at once when it finds the lock free, because others may sleep still. */
static inline bool trylock_page(struct page *page)
{
	return !(__atomic_fetch_or(mpb_flags_to_set(page), BIT(PG_locked), __ATOMIC_ACQUIRE) & BIT(PG_locked));
}

static inline unsigned int *mpb_lock_word(struct page *page)
{
	const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	return (unsigned int *)(void *)&page->flags + (big_endian ? sizeof(page->flags) / sizeof(int) - 1 : 0);
}

static inline void lock_page(struct page *page)
{
	const unsigned long both = BIT(PG_locked) | BIT(PG_waiters);
	unsigned long was;

	if (trylock_page(page))
		return;
	while ((was = __atomic_fetch_or(&page->flags, both, __ATOMIC_ACQUIRE)) & BIT(PG_locked))
		mpb_futex_wait(mpb_lock_word(page), (unsigned int)(was | both), NULL);
}

static inline void unlock_page(struct page *page)
{
	const unsigned long both = BIT(PG_locked) | BIT(PG_waiters);
	const unsigned long was = __atomic_fetch_and(&page->flags, ~both, __ATOMIC_RELEASE);

	WARN_ON(!(was & BIT(PG_locked)));
	if (was & BIT(PG_waiters))
		mpb_futex_wake(mpb_lock_word(page), 1);
}

static inline int lock_page_killable(struct page *page)
{
	lock_page(page);
	return 0;
}

static inline void wait_on_page_locked(struct page *page)
{
	if (PageLocked(page)) {
		lock_page(page);
		unlock_page(page);
	}
}

#define folio_trylock(folio) trylock_page(&(folio)->page)
#define folio_lock(folio) lock_page(&(folio)->page)
#define folio_unlock(folio) unlock_page(&(folio)->page)
#define folio_wait_locked(folio) wait_on_page_locked(&(folio)->page)

/* The data holds a reference of the page. */
static inline void attach_page_private(struct page *page, void *data)
{
	get_page(page);
	set_page_private(page, (unsigned long)data);
	SetPagePrivate(page);
}

static inline void *detach_page_private(struct page *page)
{
	void *data = (void *)page_private(page);

	if (!PagePrivate(page))
		return NULL;
	ClearPagePrivate(page);
	set_page_private(page, 0);
	put_page(page);
	return data;
}

#define folio_attach_private(folio, data) attach_page_private(&(folio)->page, data)
#define folio_detach_private(folio) detach_page_private(&(folio)->page)
#define folio_get_private(folio) ((void *)page_private(&(folio)->page))
#define page_offset(page) ((loff_t)(page)->index << PAGE_SHIFT)
#define page_index(page) ((page)->index)
#define folio_index(folio) ((folio)->index)
#define folio_pos(folio) page_offset(&(folio)->page)

#endif
