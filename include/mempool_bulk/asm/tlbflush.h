/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asm/tlbflush.h: mappings never go stale here. */
#ifndef MEMPOOL_BULK_ASM_TLBFLUSH_H
#define MEMPOOL_BULK_ASM_TLBFLUSH_H

#define flush_tlb_all() ((void)0)
#define flush_tlb_kernel_range(start, end) ((void)(start), (void)(end))

#endif
