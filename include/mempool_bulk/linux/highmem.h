/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/highmem.h: mapping, filling and copying pages. Every page always has an address. */
#ifndef MEMPOOL_BULK_LINUX_HIGHMEM_H
#define MEMPOOL_BULK_LINUX_HIGHMEM_H

#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define kmap_local_page(page) page_address(page)
#define kmap_local_folio(folio, offset) ((void *)((char *)folio_address(folio) + (offset)))
#define kunmap_local(addr) ((void)(addr))
#define kmap(page) page_address(page)
#define kunmap(page) ((void)(page))
#define kmap_atomic(page) page_address(page)
#define kunmap_atomic(addr) ((void)(addr))
#define kmap_to_page(addr) virt_to_page(addr)
#define kmap_flush_unused() ((void)0)
#define flush_dcache_page(page) ((void)(page))
#define flush_dcache_folio(folio) ((void)(folio))
#define flush_kernel_dcache_page(page) ((void)(page))

static inline char *mpb_in_page(const struct page *page, size_t offset, size_t len)
{
	BUG_ON(offset > page_size(page) || len > page_size(page) - offset);
	return (char *)page_address(page) + offset;
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	memcpy(mpb_in_page(page, offset, len), from, len);
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	memcpy(to, mpb_in_page(page, offset, len), len);
}

static inline void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t len)
{
	memcpy(mpb_in_page(to, to_offset, len), mpb_in_page(from, from_offset, len), len);
}

static inline void memset_page(struct page *page, size_t offset, int value, size_t len)
{
	memset(mpb_in_page(page, offset, len), value, len);
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	memset_page(page, offset, 0, len);
}

/* Zeroes two pieces of a page, each from a start up to, not including, an end. */
static inline void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2,
				      unsigned int end2)
{
	if (end1 > start1)
		memzero_page(page, start1, end1 - start1);
	if (end2 > start2)
		memzero_page(page, start2, end2 - start2);
}

static inline void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	zero_user_segments(page, start, end, 0, 0);
}

static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	zero_user_segments(page, start, start + size, 0, 0);
}
#define folio_zero_segment(folio, start, end) memzero_page(&(folio)->page, start, (end) - (start))
#define folio_zero_range(folio, start, len) memzero_page(&(folio)->page, start, len)

static inline void clear_highpage(struct page *page)
{
	clear_page(page_address(page));
}
#define clear_user_highpage(page, vaddr) ((void)(vaddr), clear_highpage(page))

static inline void copy_highpage(struct page *to, struct page *from)
{
	copy_page(page_address(to), page_address(from));
}
#define copy_user_highpage(to, from, vaddr, vma) ((void)(vaddr), (void)(vma), copy_highpage(to, from))

#endif
