/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/kmemleak.h: leaks are for other tools to find. */
#ifndef MEMPOOL_BULK_LINUX_KMEMLEAK_H
#define MEMPOOL_BULK_LINUX_KMEMLEAK_H

#define kmemleak_alloc(p, size, min_count, gfp) ((void)(p))
#define kmemleak_free(p) ((void)(p))
#define kmemleak_ignore(p) ((void)(p))
#define kmemleak_not_leak(p) ((void)(p))
#define kmemleak_update_trace(p) ((void)(p))

#endif
