/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/spinlock.h: spinlocks. A waiter spins a moment, then sleeps: the holder may have lost its CPU. Interrupts
 * do not exist, so the _irq and _bh forms are the plain ones. */
#ifndef MEMPOOL_BULK_LINUX_SPINLOCK_H
#define MEMPOOL_BULK_LINUX_SPINLOCK_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/types.h>
#include "../detail/lock.h"

typedef struct spinlock {
	struct mpb_lock lock;
} spinlock_t;
typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name) { { 0 } }
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->lock.state = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	mpb_lock(&lock->lock);
}

static inline int spin_trylock(spinlock_t *lock)
{
	return mpb_trylock(&lock->lock);
}

static inline void spin_unlock(spinlock_t *lock)
{
	mpb_unlock(&lock->lock);
}

static inline int spin_is_locked(const spinlock_t *lock)
{
	return mpb_is_locked(&lock->lock);
}

#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define spin_trylock_irq(lock) spin_trylock(lock)
#define spin_lock_nested(lock, subclass) spin_lock(lock)
#define spin_lock_irqsave(lock, flags) do { (flags) = 0; spin_lock(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags) do { (void)(flags); spin_unlock(lock); } while (0)
#define spin_trylock_irqsave(lock, flags) ((flags) = 0, spin_trylock(lock))
#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))
#define lockdep_assert_held(lock) ((void)(lock))

#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_trylock(lock) spin_trylock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)

#include "../detail/rwlock.h"

#endif
