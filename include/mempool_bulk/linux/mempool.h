/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mempool.h: memory pools. The functions are described in mempool_bulk.h. */
#ifndef MEMPOOL_BULK_LINUX_MEMPOOL_H
#define MEMPOOL_BULK_LINUX_MEMPOOL_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait.h>

#endif
