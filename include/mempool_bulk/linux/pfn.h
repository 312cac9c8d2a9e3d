/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/pfn.h: page numbers and bytes. */
#ifndef MEMPOOL_BULK_LINUX_PFN_H
#define MEMPOOL_BULK_LINUX_PFN_H

#include <linux/types.h>

#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_ALIGN(x) (((unsigned long)(x) + (PAGE_SIZE - 1)) & PAGE_MASK)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PHYS_PFN(x) ((unsigned long)((x) >> PAGE_SHIFT))

#endif
