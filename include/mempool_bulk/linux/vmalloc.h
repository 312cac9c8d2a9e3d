/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/vmalloc.h: large pieces of memory, aligned to pages. */
#ifndef MEMPOOL_BULK_LINUX_VMALLOC_H
#define MEMPOOL_BULK_LINUX_VMALLOC_H

#include <linux/list.h>
#include <linux/mm.h>
#include "../detail/kmalloc.h"

#define VM_MAP 0x4ul
#define VM_ALLOC 0x2ul
typedef unsigned long pgprot_t;
#define PAGE_KERNEL 0ul

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

/* One address for many pages. Pages whose addresses follow each other have it already; others can't be mapped
 * a second time, because the library's memory is private: NULL, said once. */
static inline void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	char *first = count ? page_address(pages[0]) : NULL;

	(void)node;
	for (unsigned int i = 1; i < count; i++)
		if (WARN_ONCE(page_address(pages[i]) != first + i * PAGE_SIZE,
			      "vmap: the pages are not neighbours; take one block of a higher order instead\n"))
			return NULL;
	return first;
}

static inline void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	(void)flags, (void)prot;
	return vm_map_ram(pages, count, NUMA_NO_NODE);
}
#define vunmap(addr) ((void)(addr))
#define vm_unmap_ram(addr, count) ((void)(addr), (void)(count))
#define vm_unmap_aliases() ((void)0)

#endif
