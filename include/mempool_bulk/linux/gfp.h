/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/gfp.h: pages by the allocator's own names, and their folio forms. */
#ifndef MEMPOOL_BULK_LINUX_GFP_H
#define MEMPOOL_BULK_LINUX_GFP_H

#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/mm_types.h>

#define gfpflags_normal_context(gfp) (((gfp) & (__GFP_DIRECT_RECLAIM | __GFP_MEMALLOC)) == __GFP_DIRECT_RECLAIM)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, order)
#define __alloc_pages_node(nid, gfp, order) alloc_pages_node(nid, gfp, order)

static inline struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	return (struct folio *)(void *)alloc_pages(gfp | __GFP_COMP, order);
}

static inline struct folio *__folio_alloc_node(gfp_t gfp, unsigned int order, int nid)
{
	return (struct folio *)(void *)alloc_pages_node(nid, gfp | __GFP_COMP, order);
}

#endif
