/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/align.h: rounding to powers of two, numbers and pointers. */
#ifndef MEMPOOL_BULK_LINUX_ALIGN_H
#define MEMPOOL_BULK_LINUX_ALIGN_H

#include <linux/const.h>

#define MPB_ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
#define ALIGN(x, a) MPB_ALIGN_MASK(x, (__typeof__(x))(a) - 1)
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define __ALIGN_MASK(x, mask) MPB_ALIGN_MASK(x, mask)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a) ((__typeof__(p))ALIGN_DOWN((unsigned long)(p), (a)))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define PTR_IS_ALIGNED(p, a) IS_ALIGNED((unsigned long)(p), (a))

#endif
