/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/lock.h: the lock under spinlock_t, struct mutex and the rest: a word that a futex waits on. */
#ifndef MEMPOOL_BULK_DETAIL_LOCK_H
#define MEMPOOL_BULK_DETAIL_LOCK_H

#include "futex.h"

/* | state | meaning                        | left by                  |
 * | 0     | free                           | taking                   |
 * | 1     | held                           | unlock, a second taker   |
 * | 2     | held, somebody sleeps or may   | unlock, which wakes one  |
 * Taking is Acquire and pairs with the Release of the unlock before. */
struct mpb_lock {
	unsigned int state;
};

static inline bool mpb_trylock(struct mpb_lock *lock)
{
	unsigned int free_state = 0;

	return __atomic_compare_exchange_n(&lock->state, &free_state, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void mpb_lock(struct mpb_lock *lock)
{
	for (int spins = 0; spins < 100; spins++)
		if (__atomic_load_n(&lock->state, __ATOMIC_RELAXED) == 0 && mpb_trylock(lock))
			return;
	/* Who slept takes with 2: there may be more sleepers, and nobody counts them. */
	while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
		mpb_futex_wait(&lock->state, 2, NULL);
}

/* The word is not touched after the exchange, so the next holder may free it; a wake is only an address. */
static inline void mpb_unlock(struct mpb_lock *lock)
{
	if (__atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE) == 2)
		mpb_futex_wake(&lock->state, 1);
}

static inline bool mpb_is_locked(const struct mpb_lock *lock)
{
	return __atomic_load_n(&lock->state, __ATOMIC_RELAXED) != 0;
}

#endif
