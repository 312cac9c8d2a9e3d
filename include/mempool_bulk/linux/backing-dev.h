/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/backing-dev.h: how busy a device is: never too busy here. */
#ifndef MEMPOOL_BULK_LINUX_BACKING_DEV_H
#define MEMPOOL_BULK_LINUX_BACKING_DEV_H

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/writeback.h>

struct backing_dev_info;
#define congestion_wait(sync, timeout) ((void)(sync), schedule_timeout_uninterruptible(timeout))
#define bdi_write_congested(bdi) ((void)(bdi), 0)
#define bdi_read_congested(bdi) ((void)(bdi), 0)

#endif
