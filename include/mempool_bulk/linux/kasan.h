/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/kasan.h: the checks of a debugging kernel; here -fsanitize=address. */
#ifndef MEMPOOL_BULK_LINUX_KASAN_H
#define MEMPOOL_BULK_LINUX_KASAN_H

#include <linux/types.h>

#define kasan_poison_pages(page, order, init) ((void)(page))
#define kasan_unpoison_pages(page, order, init) ((void)(page))
#define kasan_mempool_poison_object(p) ((void)(p), true)
#define kasan_mempool_unpoison_object(p, size) ((void)(p))

#endif
