/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/swap.h: nothing is swapped by this library. */
#ifndef MEMPOOL_BULK_LINUX_SWAP_H
#define MEMPOOL_BULK_LINUX_SWAP_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>

#define mark_page_accessed(page) ((void)(page))

#endif
