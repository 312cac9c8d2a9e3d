/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/writeback.h: for declarations of functions that write pages back. */
#ifndef MEMPOOL_BULK_LINUX_WRITEBACK_H
#define MEMPOOL_BULK_LINUX_WRITEBACK_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>

enum writeback_sync_modes { WB_SYNC_NONE, WB_SYNC_ALL };
struct writeback_control;

#endif
