/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/fs.h: the system's, and the names of files and inodes. */
#ifndef MEMPOOL_BULK_LINUX_FS_H
#define MEMPOOL_BULK_LINUX_FS_H

#if __has_include_next(<linux/fs.h>)
#include_next <linux/fs.h>
#endif
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct file;
struct inode;
struct dentry;
struct super_block;
struct address_space;
struct kiocb;

#endif
