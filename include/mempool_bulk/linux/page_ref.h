/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/page_ref.h: the references of a page, as get_page() and put_page() count them. */
#ifndef MEMPOOL_BULK_LINUX_PAGE_REF_H
#define MEMPOOL_BULK_LINUX_PAGE_REF_H

#include <linux/page-flags.h>

#define page_ref_count(page) page_count(page)
#define folio_ref_count(folio) page_count(&(folio)->page)

static inline void page_ref_inc(struct page *page)
{
	get_page(page);
}

static inline void page_ref_add(struct page *page, int nr)
{
	while (nr-- > 0)
		get_page(page);
}

/* Dropping never frees here: the count must stay above 0. Who drops the last one calls put_page(). */
static inline void page_ref_sub(struct page *page, int nr)
{
	while (nr-- > 0 && !WARN_ON_ONCE(page_count(page) <= 1))
		put_page(page);
}

static inline void page_ref_dec(struct page *page)
{
	page_ref_sub(page, 1);
}

static inline void set_page_count(struct page *page, int nr)
{
	page_ref_add(page, nr - page_count(page));
	page_ref_sub(page, page_count(page) - nr);
}

static inline void init_page_count(struct page *page)
{
	set_page_count(page, 1);
}

/* One more reference unless nobody holds the page. */
static inline bool get_page_unless_zero(struct page *page)
{
	if (page_count(page) == 0)
		return false;
	get_page(page);
	return true;
}
#define try_get_page(page) get_page_unless_zero(page)

#endif
