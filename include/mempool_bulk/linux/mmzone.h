/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mmzone.h: sizes of blocks and the words for NUMA nodes. */
#ifndef MEMPOOL_BULK_LINUX_MMZONE_H
#define MEMPOOL_BULK_LINUX_MMZONE_H

#include <linux/list.h>
#include <linux/numa.h>
#include <linux/types.h>

#ifndef MAX_ORDER
#define MAX_ORDER MAX_PAGE_ORDER
#endif
#define NR_PAGE_ORDERS (MAX_PAGE_ORDER + 1)
#define MAX_ORDER_NR_PAGES (1 << MAX_PAGE_ORDER)

struct zone;
struct pglist_data;

#endif
