/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bits.h: single bits and runs of bits. */
#ifndef MEMPOOL_BULK_LINUX_BITS_H
#define MEMPOOL_BULK_LINUX_BITS_H

#if __has_include_next(<linux/bits.h>)
#include_next <linux/bits.h>
#endif
#include <linux/const.h>

#define BITS_PER_BYTE 8
#define BITS_PER_LONG (__SIZEOF_LONG__ * 8)
#define BITS_PER_LONG_LONG 64
#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))
#define BIT_MASK(nr) (1UL << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))

#endif
