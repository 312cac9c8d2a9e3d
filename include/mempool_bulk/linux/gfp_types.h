/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/gfp_types.h: the flags of an allocation, as mempool_bulk.h has them. */
#ifndef MEMPOOL_BULK_LINUX_GFP_TYPES_H
#define MEMPOOL_BULK_LINUX_GFP_TYPES_H

#include <linux/bits.h>
#include <linux/types.h>

#define __GFP_COLD 0u
#define __GFP_NOLOCKDEP 0u
#define __GFP_NOTRACK 0u
#define __GFP_REPEAT __GFP_RETRY_MAYFAIL
#define __GFP_WAIT __GFP_RECLAIM
#define GFP_TEMPORARY GFP_KERNEL
#define GFP_ZONEMASK (__GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32 | __GFP_MOVABLE)

#endif
