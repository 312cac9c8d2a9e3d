/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/cache.h: the size of a cache line. */
#ifndef MEMPOOL_BULK_LINUX_CACHE_H
#define MEMPOOL_BULK_LINUX_CACHE_H

#include <linux/compiler_types.h>

#define L1_CACHE_SHIFT 6
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define cache_line_size() L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x) (((x) + (__typeof__(x))(L1_CACHE_BYTES - 1)) & ~(__typeof__(x))(L1_CACHE_BYTES - 1))

#endif
