/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/rwlock.h: rwlock_t and struct rw_semaphore: readers together or one writer. */
#ifndef MEMPOOL_BULK_DETAIL_RWLOCK_H
#define MEMPOOL_BULK_DETAIL_RWLOCK_H

#include "lock.h"

/* readers counts who reads; the writer holds `writer` and waits for readers == 0. A reader comes in only while it
 * holds `writer` for a moment, so a waiting writer lets no new ones in. */
struct mpb_rwlock {
	struct mpb_lock writer;
	unsigned int readers;
};
typedef struct mpb_rwlock rwlock_t;

#define __RW_LOCK_UNLOCKED(name) { { 0 }, 0 }
#define DEFINE_RWLOCK(name) rwlock_t name = __RW_LOCK_UNLOCKED(name)

static inline void rwlock_init(rwlock_t *lock)
{
	lock->writer.state = 0;
	lock->readers = 0;
}

static inline void read_lock(rwlock_t *lock)
{
	mpb_lock(&lock->writer);
	__atomic_fetch_add(&lock->readers, 1, __ATOMIC_RELAXED);
	mpb_unlock(&lock->writer);
}

/* Release pairs with the writer's Acquire load of the count. */
static inline void read_unlock(rwlock_t *lock)
{
	if (__atomic_sub_fetch(&lock->readers, 1, __ATOMIC_RELEASE) == 0)
		mpb_futex_wake(&lock->readers, 1);
}

static inline void write_lock(rwlock_t *lock)
{
	unsigned int readers;

	mpb_lock(&lock->writer);
	while ((readers = __atomic_load_n(&lock->readers, __ATOMIC_ACQUIRE)) != 0)
		mpb_futex_wait(&lock->readers, readers, NULL);
}

static inline void write_unlock(rwlock_t *lock)
{
	mpb_unlock(&lock->writer);
}

#define read_lock_irq(lock) read_lock(lock)
#define read_unlock_irq(lock) read_unlock(lock)
#define read_lock_bh(lock) read_lock(lock)
#define read_unlock_bh(lock) read_unlock(lock)
#define write_lock_irq(lock) write_lock(lock)
#define write_unlock_irq(lock) write_unlock(lock)
#define write_lock_bh(lock) write_lock(lock)
#define write_unlock_bh(lock) write_unlock(lock)
#define read_lock_irqsave(lock, flags) do { (flags) = 0; read_lock(lock); } while (0)
#define read_unlock_irqrestore(lock, flags) do { (void)(flags); read_unlock(lock); } while (0)
#define write_lock_irqsave(lock, flags) do { (flags) = 0; write_lock(lock); } while (0)
#define write_unlock_irqrestore(lock, flags) do { (void)(flags); write_unlock(lock); } while (0)

#endif
