/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/vmstat.h: counters of the kernel's memory; ours are in mempool_bulk_get_stats(). */
#ifndef MEMPOOL_BULK_LINUX_VMSTAT_H
#define MEMPOOL_BULK_LINUX_VMSTAT_H

#include <linux/mm.h>

#endif
