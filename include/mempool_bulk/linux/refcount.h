/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/refcount.h: counts of references. One that leaves the range from 1 to INT_MAX is stuck there, with a
 * WARN: leaked rather than used after it was freed. */
#ifndef MEMPOOL_BULK_LINUX_REFCOUNT_H
#define MEMPOOL_BULK_LINUX_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/mutex.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n) { ATOMIC_INIT(n) }
#define REFCOUNT_SATURATED (-0x40000000)

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return (unsigned int)atomic_read(&r->refs);
}

static inline void mpb_refcount_stuck(refcount_t *r, const char *what)
{
	refcount_set(r, REFCOUNT_SATURATED);
	WARN_ONCE(true, "refcount: %s\n", what);
}

static inline bool refcount_add_not_zero(int i, refcount_t *r)
{
	const int old = atomic_fetch_add_unless(&r->refs, i, 0);

	if (old < 0 || old > 0x7fffffff - i)
		mpb_refcount_stuck(r, "too large; leaked");
	return old != 0;
}

static inline void refcount_add(int i, refcount_t *r)
{
	if (!refcount_add_not_zero(i, r))
		mpb_refcount_stuck(r, "more after 0: used after it was freed");
}

/* True when it was the last. Release, and Acquire for the last: who frees sees what all others did. */
static inline bool refcount_sub_and_test(int i, refcount_t *r)
{
	const int old = atomic_fetch_sub_release(i, &r->refs);

	if (old == i) {
		(void)atomic_read_acquire(&r->refs);
		return true;
	}
	if (old < i)
		mpb_refcount_stuck(r, "less than 0; leaked");
	return false;
}

#define refcount_inc(r) refcount_add(1, r)
#define refcount_inc_not_zero(r) refcount_add_not_zero(1, r)
#define refcount_dec_and_test(r) refcount_sub_and_test(1, r)
#define refcount_dec(r) WARN_ON(refcount_dec_and_test(r))

/* The last reference is dropped with the lock held, which is then the caller's to release. */
static inline bool refcount_dec_not_one(refcount_t *r)
{
	int old = atomic_read(&r->refs);

	while (old > 1 && !atomic_try_cmpxchg(&r->refs, &old, old - 1))
		;
	return old != 1;
}

#define MPB_DEC_AND_LOCK(r, lock_it, unlock_it) \
	(refcount_dec_not_one(r) ? false : (lock_it, refcount_dec_and_test(r)) ? true : (unlock_it, false))

static inline bool refcount_dec_and_lock(refcount_t *r, spinlock_t *lock)
{
	return MPB_DEC_AND_LOCK(r, spin_lock(lock), spin_unlock(lock));
}

static inline bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	return MPB_DEC_AND_LOCK(r, mutex_lock(lock), mutex_unlock(lock));
}

#endif
