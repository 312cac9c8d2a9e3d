/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mm_inline.h: helpers of the kernel's page lists, of which there are none here. */
#ifndef MEMPOOL_BULK_LINUX_MM_INLINE_H
#define MEMPOOL_BULK_LINUX_MM_INLINE_H

#include <linux/mm.h>

#endif
