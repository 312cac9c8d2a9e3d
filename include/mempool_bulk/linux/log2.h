/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/log2.h: powers of two. */
#ifndef MEMPOOL_BULK_LINUX_LOG2_H
#define MEMPOOL_BULK_LINUX_LOG2_H

#include <linux/types.h>

#define ilog2(n) (63 - __builtin_clzll((unsigned long long)(n)))
#define order_base_2(n) ((n) > 1 ? ilog2((unsigned long long)(n) - 1) + 1 : 0)
#define roundup_pow_of_two(n) (1UL << order_base_2(n))
#define rounddown_pow_of_two(n) (1UL << ilog2(n))
#define bits_per(n) ((n) > 1 ? ilog2(n) + 1 : 1)

static inline bool is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

#endif
