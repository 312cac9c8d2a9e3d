/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/vmalloc.h: large pieces of memory, aligned to pages. */
#ifndef MEMPOOL_BULK_LINUX_VMALLOC_H
#define MEMPOOL_BULK_LINUX_VMALLOC_H

#include <linux/list.h>
#include <linux/mm.h>
#include "../detail/kmalloc.h"

#define VM_ALLOC 0x2ul
#define VM_MAP 0x4ul
#define VM_MAP_PUT_PAGES 0x200ul
typedef unsigned long pgprot_t;
#define PAGE_KERNEL 0ul
#define PAGE_KERNEL_RO 1ul

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

/* Frees what vmalloc() and its like gave, and ends a mapping; one of VM_MAP_PUT_PAGES takes pages and array along. */
static inline void vfree(const void *addr)
{
	if (!mempool_bulk_vfree(addr))
		kfree(addr);
}

/* One address for many pages. Pages whose addresses follow each other have it already; to map others, or to map
 * read-only, takes shared memory (MEMPOOL_BULK_MEMFD=1): else NULL, said once. */
static inline void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	return mempool_bulk_vmap(pages, count,
				 (prot & PAGE_KERNEL_RO ? MEMPOOL_BULK_VMAP_READONLY : 0) |
					 (flags & VM_MAP_PUT_PAGES ? MEMPOOL_BULK_VMAP_PUT_PAGES : 0));
}

static inline void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	(void)node;
	return mempool_bulk_vmap(pages, count, 0);
}

static inline void vunmap(const void *addr)
{
	mempool_bulk_vunmap(addr, -1);
}

/* All that one vm_map_ram() mapped. */
static inline void vm_unmap_ram(const void *addr, unsigned int count)
{
	mempool_bulk_vunmap(addr, count > INT32_MAX ? INT32_MAX : (int)count);
}
#define vm_unmap_aliases() ((void)0) /* nothing is unmapped late */

/* Of mappings only: vmalloc() is malloc's memory here. */
static inline bool is_vmalloc_addr(const void *addr)
{
	return mempool_bulk_is_vmapped(addr);
}

static inline struct page *vmalloc_to_page(const void *addr)
{
	return mempool_bulk_vmapped_page(addr);
}
#define vmalloc_to_pfn(addr) page_to_pfn(vmalloc_to_page(addr))

#endif
