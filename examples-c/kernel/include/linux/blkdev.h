/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/blkdev.h: block devices, through the headers that have them. */
#ifndef EXAMPLE_LINUX_BLKDEV_H
#define EXAMPLE_LINUX_BLKDEV_H

#include <linux/bio.h>
#include <linux/blk_types.h>
#include <linux/mempool.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define bdev_nr_sectors(bdev) ((bdev)->bd_nr_sectors)

#endif
