/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/prefetch.h: hints to the cache. */
#ifndef MEMPOOL_BULK_LINUX_PREFETCH_H
#define MEMPOOL_BULK_LINUX_PREFETCH_H

#define prefetch(p) __builtin_prefetch(p)
#define prefetchw(p) __builtin_prefetch(p, 1)

#endif
