/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/work_calls.h: queueing, flushing and cancelling: part of linux/workqueue.h. */
#ifndef MEMPOOL_BULK_DETAIL_WORK_CALLS_H
#define MEMPOOL_BULK_DETAIL_WORK_CALLS_H

/* The format of the name is checked and the name forgotten. */
static inline struct workqueue_struct *mpb_alloc_workqueue(unsigned int max_active, const char *name, ...) __printf(2, 3);
static inline struct workqueue_struct *mpb_alloc_workqueue(unsigned int max_active, const char *name, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	(void)name;
	if (wq)
		mpb_init_workqueue(wq, max_active == 0 || max_active > 16 ? 16 : max_active);
	return wq;
}
#define alloc_workqueue(name, flags, max_active, ...) \
	((void)(flags), mpb_alloc_workqueue((unsigned int)(max_active), name, ##__VA_ARGS__))
#define alloc_ordered_workqueue(name, flags, ...) alloc_workqueue(name, flags, 1, ##__VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", 0, 0, name)
#define create_singlethread_workqueue(name) alloc_workqueue("%s", 0, 1, name)
#define create_freezable_workqueue(name) alloc_workqueue("%s", 0, 1, name)

/* The queue of schedule_work(), with the first use; its threads live as long as the process. */
__attribute__((__weak__)) struct workqueue_struct mempool_bulk_system_wq;
__attribute__((__weak__)) pthread_once_t mempool_bulk_system_wq_once = PTHREAD_ONCE_INIT;
static inline void mpb_init_system_wq(void)
{
	mpb_init_workqueue(&mempool_bulk_system_wq, 16);
}

static inline struct workqueue_struct *mpb_system_wq(void)
{
	pthread_once(&mempool_bulk_system_wq_once, mpb_init_system_wq);
	return &mempool_bulk_system_wq;
}
#define system_wq mpb_system_wq()
#define system_highpri_wq mpb_system_wq()
#define system_long_wq mpb_system_wq()
#define system_unbound_wq mpb_system_wq()
#define system_percpu_wq mpb_system_wq()
#define system_dfl_wq mpb_system_wq()

/* False when a run of it is to come already. */
static inline bool mpb_queue_work(struct workqueue_struct *wq, struct work_struct *work, unsigned long delay)
{
	if (test_and_set_bit(0, &work->pending))
		return false;
	spin_lock(&wq->lock);
	WARN_ON_ONCE(wq->ending);
	mpb_insert_work(wq, work, delay);
	spin_unlock(&wq->lock);
	return true;
}
#define queue_work(wq, work) mpb_queue_work(wq, work, 0)
#define queue_work_on(cpu, wq, work) ((void)(cpu), queue_work(wq, work))
#define schedule_work(work) queue_work(system_wq, work)
#define schedule_work_on(cpu, work) ((void)(cpu), schedule_work(work))
#define queue_delayed_work(wq, delayed, delay) mpb_queue_work(wq, &(delayed)->work, delay)
#define queue_delayed_work_on(cpu, wq, delayed, delay) ((void)(cpu), queue_delayed_work(wq, delayed, delay))
#define schedule_delayed_work(delayed, delay) queue_delayed_work(system_wq, delayed, delay)

/* Takes work out of the queue before it runs; true when it was there. */
static inline bool cancel_work(struct work_struct *work)
{
	struct workqueue_struct *wq = READ_ONCE(work->wq);
	bool was = false;

	if (!wq)
		return false;
	spin_lock(&wq->lock);
	if (!list_empty(&work->entry)) {
		list_del_init(&work->entry);
		clear_bit(0, &work->pending);
		was = true;
		wake_up_all(&wq->done);
	}
	spin_unlock(&wq->lock);
	return was;
}

/* Waits until neither a run is to come nor one goes on; true when there was one. */
static inline bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq = READ_ONCE(work->wq);
	bool busy;

	if (!wq)
		return false;
	spin_lock(&wq->lock);
	busy = !list_empty(&work->entry) || mpb_is_running(wq, work);
	wait_event_lock_irq(wq->done, list_empty(&work->entry) && !mpb_is_running(wq, work), wq->lock);
	spin_unlock(&wq->lock);
	return busy;
}

static inline bool cancel_work_sync(struct work_struct *work)
{
	const bool was = cancel_work(work);

	flush_work(work);
	return was;
}

/* Runs what is left of the delay at once, and waits. */
static inline bool flush_delayed_work(struct delayed_work *delayed)
{
	struct workqueue_struct *wq = READ_ONCE(delayed->work.wq);

	if (cancel_work(&delayed->work))
		queue_work(wq, &delayed->work);
	return flush_work(&delayed->work);
}

static inline bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *delayed, unsigned long delay)
{
	const bool was = cancel_work(&delayed->work);

	queue_delayed_work(wq, delayed, delay);
	return was;
}
#define cancel_delayed_work(delayed) cancel_work(&(delayed)->work)
#define cancel_delayed_work_sync(delayed) cancel_work_sync(&(delayed)->work)

static inline bool mpb_is_quiet(struct workqueue_struct *wq)
{
	struct mpb_worker *worker;

	list_for_each_entry(worker, &wq->workers, entry)
		if (worker->running)
			return false;
	return list_empty(&wq->work) || time_after(list_first_entry(&wq->work, struct work_struct, entry)->due, jiffies);
}

/* Waits until nothing runs and nothing is due. More than the kernel promises: work that comes meanwhile too. */
static inline void flush_workqueue(struct workqueue_struct *wq)
{
	spin_lock(&wq->lock);
	wait_event_lock_irq(wq->done, mpb_is_quiet(wq), wq->lock);
	spin_unlock(&wq->lock);
}
#define drain_workqueue(wq) flush_workqueue(wq)
#define flush_scheduled_work() flush_workqueue(system_wq)

/* Waits for all work, delayed work included, and ends the threads. */
static inline void destroy_workqueue(struct workqueue_struct *wq)
{
	struct mpb_worker *worker, *next;

	flush_workqueue(wq);
	spin_lock(&wq->lock);
	wq->ending = true;
	wake_up_all(&wq->wake);
	spin_unlock(&wq->lock);
	list_for_each_entry_safe(worker, next, &wq->workers, entry) {
		pthread_join(worker->thread, NULL);
		kfree(worker);
	}
	kfree(wq);
}

#endif
