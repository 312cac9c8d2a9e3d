/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/workqueue.h: the threads of a workqueue: part of linux/workqueue.h. */
#ifndef MEMPOOL_BULK_DETAIL_WORKQUEUE_H
#define MEMPOOL_BULK_DETAIL_WORKQUEUE_H

#include <linux/sched.h>
#include <linux/wait.h>
#include "kmalloc.h"

struct mpb_worker {
	struct list_head entry;
	struct workqueue_struct *wq;
	struct work_struct *running;
	pthread_t thread;
};

/* All under lock. work is in the order of due; a worker takes the first that is due and does not run. */
struct workqueue_struct {
	spinlock_t lock;
	struct list_head work, workers;
	wait_queue_head_t wake; /* idle workers */
	wait_queue_head_t done; /* who flushes */
	unsigned int idle, threads, max_threads;
	bool ending;
};

static inline bool mpb_is_running(struct workqueue_struct *wq, const struct work_struct *work)
{
	struct mpb_worker *worker;

	list_for_each_entry(worker, &wq->workers, entry)
		if (worker->running == work)
			return true;
	return false;
}

/* The next work to do, or NULL and in how many jiffies to look again. */
static inline struct work_struct *mpb_next_work(struct workqueue_struct *wq, long *wait)
{
	struct work_struct *work;

	*wait = MAX_SCHEDULE_TIMEOUT;
	list_for_each_entry(work, &wq->work, entry) {
		if (time_after(work->due, jiffies)) {
			*wait = (long)(work->due - jiffies);
			return NULL;
		}
		if (!mpb_is_running(wq, work))
			return work;
	}
	return NULL;
}

static inline void mpb_call_worker(struct workqueue_struct *wq);

static inline void mpb_run_work(struct mpb_worker *me, struct work_struct *work)
{
	struct workqueue_struct *wq = me->wq;
	const work_func_t func = work->func;

	me->running = work;
	list_del_init(&work->entry);
	clear_bit(0, &work->pending);
	/* What is left is another's to do, or to wait for its time: this work may take long, or wait for that. Whoever
	 * queued it may have counted on this thread, which was woken but had not come yet. */
	if (!list_empty(&wq->work))
		mpb_call_worker(wq);
	spin_unlock(&wq->lock);
	func(work); /* may free it or queue it again */
	spin_lock(&wq->lock);
	me->running = NULL;
	wake_up_all(&wq->done);
	wake_up(&wq->wake); /* work that had to wait because it was running */
}

static inline void *mpb_worker(void *data)
{
	struct mpb_worker *me = data;
	struct workqueue_struct *wq = me->wq;

	spin_lock(&wq->lock);
	for (;;) {
		DEFINE_WAIT(wait);
		long timeout = 0;
		struct work_struct *work = mpb_next_work(wq, &timeout);

		if (work) {
			mpb_run_work(me, work);
			continue;
		}
		if (wq->ending && list_empty(&wq->work))
			break;
		wq->idle++;
		prepare_to_wait_exclusive(&wq->wake, &wait, TASK_UNINTERRUPTIBLE);
		spin_unlock(&wq->lock);
		schedule_timeout(timeout < 1 ? 1 : timeout);
		finish_wait(&wq->wake, &wait);
		spin_lock(&wq->lock);
		wq->idle--;
	}
	spin_unlock(&wq->lock);
	return NULL;
}

/* Under the lock: somebody will see the work that was just put into the queue. */
static inline void mpb_call_worker(struct workqueue_struct *wq)
{
	struct mpb_worker *worker;

	if (wq->idle > 0) {
		wake_up(&wq->wake);
		return;
	}
	if (wq->threads >= wq->max_threads)
		return;
	worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	if (worker) {
		worker->wq = wq;
		list_add(&worker->entry, &wq->workers);
		if (pthread_create(&worker->thread, NULL, mpb_worker, worker) == 0) {
			wq->threads++;
			return;
		}
		list_del(&worker->entry);
		kfree(worker);
	}
	BUG_ON(wq->threads == 0); /* nobody would ever do it */
}

static inline void mpb_insert_work(struct workqueue_struct *wq, struct work_struct *work, unsigned long delay)
{
	struct work_struct *at;

	work->due = jiffies + delay;
	WRITE_ONCE(work->wq, wq);
	list_for_each_entry_reverse(at, &wq->work, entry)
		if (!time_after(at->due, work->due))
			break;
	list_add(&work->entry, &at->entry);
	mpb_call_worker(wq);
}

static inline void mpb_init_workqueue(struct workqueue_struct *wq, unsigned int max_threads)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->work);
	INIT_LIST_HEAD(&wq->workers);
	init_waitqueue_head(&wq->wake);
	init_waitqueue_head(&wq->done);
	wq->max_threads = max_threads;
}

#include "work_calls.h"

#endif
