/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/sched/mm.h: scopes in which a thread's allocations start no I/O; the functions are in mempool_bulk.h. */
#ifndef MEMPOOL_BULK_LINUX_SCHED_MM_H
#define MEMPOOL_BULK_LINUX_SCHED_MM_H

#include <linux/gfp.h>
#include <linux/sched.h>

#define memalloc_noreclaim_save() 0u
#define memalloc_noreclaim_restore(flags) ((void)(flags))
#define might_alloc(gfp) ((void)(gfp))

#endif
