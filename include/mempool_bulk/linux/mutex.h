/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mutex.h: mutexes. Signals do not interrupt the waiting. */
#ifndef MEMPOOL_BULK_LINUX_MUTEX_H
#define MEMPOOL_BULK_LINUX_MUTEX_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct mutex {
	struct mpb_lock lock;
};

#define __MUTEX_INITIALIZER(name) { { 0 } }
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

static inline void mutex_init(struct mutex *mutex)
{
	mutex->lock.state = 0;
}

static inline void mutex_destroy(struct mutex *mutex)
{
	WARN_ON(mpb_is_locked(&mutex->lock));
}

static inline void mutex_lock(struct mutex *mutex)
{
	mpb_lock(&mutex->lock);
}

static inline int mutex_lock_interruptible(struct mutex *mutex) __must_check;
static inline int mutex_lock_interruptible(struct mutex *mutex)
{
	mutex_lock(mutex);
	return 0;
}
#define mutex_lock_killable(mutex) mutex_lock_interruptible(mutex)
#define mutex_lock_nested(mutex, subclass) mutex_lock(mutex)
#define mutex_lock_io(mutex) mutex_lock(mutex)

/* 1 when it was free, as spin_trylock() and unlike pthread's. */
static inline int mutex_trylock(struct mutex *mutex)
{
	return mpb_trylock(&mutex->lock);
}

static inline void mutex_unlock(struct mutex *mutex)
{
	mpb_unlock(&mutex->lock);
}

static inline bool mutex_is_locked(struct mutex *mutex)
{
	return mpb_is_locked(&mutex->lock);
}

#endif
