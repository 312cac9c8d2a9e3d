/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asm/page.h: whole pages. */
#ifndef MEMPOOL_BULK_ASM_PAGE_H
#define MEMPOOL_BULK_ASM_PAGE_H

#include <linux/const.h>
#include <linux/string.h>
#include <linux/types.h>

static inline void clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}
#define clear_user_page(to, vaddr, page) ((void)(vaddr), (void)(page), clear_page(to))
#define copy_user_page(to, from, vaddr, page) ((void)(vaddr), (void)(page), copy_page(to, from))

#endif
