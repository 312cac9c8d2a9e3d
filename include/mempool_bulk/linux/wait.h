/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/wait.h: wait queues: threads that sleep until a condition holds, and wake-ups for them. */
#ifndef MEMPOOL_BULK_LINUX_WAIT_H
#define MEMPOOL_BULK_LINUX_WAIT_H

#include <sys/wait.h> /* first: the system's next makes macros of its names */
#if __has_include_next(<linux/wait.h>)
#include_next <linux/wait.h>
#endif
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

#define WQ_FLAG_EXCLUSIVE 0x01u
#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { __SPIN_LOCK_UNLOCKED(name), LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define DEFINE_WAIT_FUNC(name, function) \
	struct wait_queue_entry name = { 0, current, function, LIST_HEAD_INIT((name).entry) }
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)
#define DECLARE_WAITQUEUE(name, task) struct wait_queue_entry name = { 0, task, default_wake_function, { NULL, NULL } }

static inline void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
}

static inline int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct task_struct *task = entry->private;

	(void)flags, (void)key;
	return wake_up_state(task, mode);
}

/* Woken, then off the queue: a sleeper that finds itself off it may return without the lock. */
static inline int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	const int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init_careful(&entry->entry);
	return woken;
}

static inline void init_waitqueue_entry(struct wait_queue_entry *entry, struct task_struct *task)
{
	*entry = (struct wait_queue_entry){ 0, task, default_wake_function, { NULL, NULL } };
}

static inline bool waitqueue_active(const struct wait_queue_head *wq)
{
	return !list_empty(&wq->head);
}

static inline bool wq_has_sleeper(const struct wait_queue_head *wq)
{
	smp_mb();
	return waitqueue_active(wq);
}

static inline void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	spin_lock(&wq->lock);
	list_add(&entry->entry, &wq->head);
	spin_unlock(&wq->lock);
}

static inline void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	spin_lock(&wq->lock);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&entry->entry, &wq->head);
	spin_unlock(&wq->lock);
}

static inline void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	spin_lock(&wq->lock);
	list_del(&entry->entry);
	spin_unlock(&wq->lock);
}

/* On the queue and in the state, in this order: a wake-up that misses the entry was before, and the caller
 * sees the condition when it looks next. */
static inline void mpb_prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state,
				       bool exclusive)
{
	spin_lock(&wq->lock);
	if (list_empty(&entry->entry)) {
		entry->flags = exclusive ? WQ_FLAG_EXCLUSIVE : 0;
		if (exclusive)
			list_add_tail(&entry->entry, &wq->head);
		else
			list_add(&entry->entry, &wq->head);
	}
	set_current_state(state);
	spin_unlock(&wq->lock);
}
#define prepare_to_wait(wq, entry, state) mpb_prepare_to_wait(wq, entry, state, false)
#define prepare_to_wait_exclusive(wq, entry, state) mpb_prepare_to_wait(wq, entry, state, true)

static inline void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	__set_current_state(TASK_RUNNING);
	if (list_empty_careful(&entry->entry))
		return;
	spin_lock(&wq->lock);
	list_del_init(&entry->entry);
	spin_unlock(&wq->lock);
}

/* Wakes all that wait together and up to nr that wait exclusively; 0 is all. */
static inline void mpb_wake_up_locked(struct wait_queue_head *wq, unsigned int mode, int nr, void *key)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &wq->head, entry) {
		const unsigned int flags = entry->flags;

		if (entry->func(entry, mode, 0, key) && flags & WQ_FLAG_EXCLUSIVE && --nr == 0)
			break;
	}
}

static inline void mpb_wake_up(struct wait_queue_head *wq, unsigned int mode, int nr, void *key)
{
	spin_lock(&wq->lock);
	mpb_wake_up_locked(wq, mode, nr, key);
	spin_unlock(&wq->lock);
}
#define wake_up(wq) mpb_wake_up(wq, TASK_NORMAL, 1, NULL)
#define wake_up_nr(wq, nr) mpb_wake_up(wq, TASK_NORMAL, nr, NULL)
#define wake_up_all(wq) mpb_wake_up(wq, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(wq) mpb_wake_up(wq, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(wq) mpb_wake_up(wq, TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_locked(wq) mpb_wake_up_locked(wq, TASK_NORMAL, 1, NULL)
#define wake_up_all_locked(wq) mpb_wake_up_locked(wq, TASK_NORMAL, 0, NULL)
#define wake_up_poll(wq, key) wake_up(wq)

#include "../detail/wait_event.h"

#endif
