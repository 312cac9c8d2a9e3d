/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/workqueue.h: work for threads of a queue. A queue starts a thread when work finds none idle, up to its
 * max_active; one item never runs twice at a time. */
#ifndef MEMPOOL_BULK_LINUX_WORKQUEUE_H
#define MEMPOOL_BULK_LINUX_WORKQUEUE_H

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/types.h>
#include <pthread.h>
#include "../detail/lock.h"

struct work_struct;
struct workqueue_struct;
typedef void (*work_func_t)(struct work_struct *work);

/* wq and queued are under the queue's lock; pending says that a run is to come. */
struct work_struct {
	unsigned long pending;
	struct workqueue_struct *wq;
	struct list_head entry;
	unsigned long due;
	work_func_t func;
};

struct delayed_work {
	struct work_struct work;
};

#define WQ_UNBOUND 0x2u
#define WQ_FREEZABLE 0x4u
#define WQ_MEM_RECLAIM 0x8u
#define WQ_HIGHPRI 0x10u
#define WQ_CPU_INTENSIVE 0x20u
#define WQ_SYSFS 0x40u
#define WQ_PERCPU 0x100u
#define WQ_MAX_ACTIVE 512
#define WORK_CPU_UNBOUND 1

#define MPB_WORK_INIT(name, function) { 0, NULL, LIST_HEAD_INIT((name).entry), 0, function }
#define DECLARE_WORK(name, function) struct work_struct name = MPB_WORK_INIT(name, function)
#define DECLARE_DELAYED_WORK(name, function) struct delayed_work name = { MPB_WORK_INIT((name).work, function) }

static inline void INIT_WORK(struct work_struct *work, work_func_t function)
{
	work->pending = 0;
	work->wq = NULL;
	work->due = 0;
	work->func = function;
	INIT_LIST_HEAD(&work->entry);
}
#define INIT_WORK_ONSTACK(work, function) INIT_WORK(work, function)
#define destroy_work_on_stack(work) ((void)(work))
#define INIT_DELAYED_WORK(delayed, function) INIT_WORK(&(delayed)->work, function)
#define work_pending(work_) test_bit(0, &(work_)->pending)
#define delayed_work_pending(delayed) work_pending(&(delayed)->work)
#define to_delayed_work(work_) container_of(work_, struct delayed_work, work)

#include "../detail/workqueue.h"

#endif
