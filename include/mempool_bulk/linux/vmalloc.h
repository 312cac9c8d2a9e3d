/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/vmalloc.h: large pieces of memory, aligned to pages. */
#ifndef MEMPOOL_BULK_LINUX_VMALLOC_H
#define MEMPOOL_BULK_LINUX_VMALLOC_H

#include <linux/list.h>
#include <linux/mm.h>
#include "../detail/kmalloc.h"

#define VM_MAP 0x4ul
#define VM_ALLOC 0x2ul

static inline void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return size == 0 ? NULL : mpb_alloc(size, PAGE_SIZE, PTRDIFF_MAX, gfp);
}
#define vmalloc(size) __vmalloc(size, GFP_KERNEL)
#define vzalloc(size) __vmalloc(size, GFP_KERNEL | __GFP_ZERO)
#define vmalloc_node(size, node) ((void)(node), vmalloc(size))
#define vzalloc_node(size, node) ((void)(node), vzalloc(size))
#define vmalloc_user(size) vzalloc(size)
#define vmalloc_32(size) vmalloc(size)
#define vmalloc_array(n, size) vmalloc(size_mul(n, size))
#define vcalloc(n, size) vzalloc(size_mul(n, size))
#define vfree(p) kfree(p)

#endif
