/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/rwsem.h: semaphores for readers and a writer. */
#ifndef MEMPOOL_BULK_LINUX_RWSEM_H
#define MEMPOOL_BULK_LINUX_RWSEM_H

#include <linux/spinlock.h>

struct rw_semaphore {
	rwlock_t lock;
};

#define __RWSEM_INITIALIZER(name) { __RW_LOCK_UNLOCKED(name) }
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)
#define init_rwsem(sem) rwlock_init(&(sem)->lock)
#define down_read(sem) read_lock(&(sem)->lock)
#define up_read(sem) read_unlock(&(sem)->lock)
#define down_write(sem) write_lock(&(sem)->lock)
#define up_write(sem) write_unlock(&(sem)->lock)

#endif
