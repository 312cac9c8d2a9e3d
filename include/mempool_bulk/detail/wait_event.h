/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/wait_event.h: sleeping until a condition holds: part of linux/wait.h. */
#ifndef MEMPOOL_BULK_DETAIL_WAIT_EVENT_H
#define MEMPOOL_BULK_DETAIL_WAIT_EVENT_H

/* What is left of the time when cond came true, at least 1; 0 when it did not. `out` and `in` run around each
 * sleep. Nothing interrupts: no signal is ever pending. */
#define MPB_WAIT(wq, cond, state, exclusive, timeout, out, in) __extension__({                     \
	DEFINE_WAIT(mpb_wait);                                                                     \
	long mpb_left = (long)(timeout);                                                           \
	bool mpb_true;                                                                             \
	for (;;) {                                                                                 \
		mpb_prepare_to_wait(&(wq), &mpb_wait, state, exclusive);                           \
		mpb_true = (cond);                                                                 \
		if (mpb_true || mpb_left == 0)                                                     \
			break;                                                                     \
		out;                                                                               \
		mpb_left = schedule_timeout(mpb_left);                                             \
		in;                                                                                \
	}                                                                                          \
	finish_wait(&(wq), &mpb_wait);                                                             \
	mpb_true && mpb_left == 0 ? 1L : mpb_true ? mpb_left : 0L;                                 \
})
#define MPB_WAIT_EVENT(wq, cond, state, exclusive)                                                 \
	((void)((cond) ? 1L : MPB_WAIT(wq, cond, state, exclusive, MAX_SCHEDULE_TIMEOUT, (void)0, (void)0)))

#define wait_event(wq, cond) MPB_WAIT_EVENT(wq, cond, TASK_UNINTERRUPTIBLE, false)
#define wait_event_idle(wq, cond) wait_event(wq, cond)
#define io_wait_event(wq, cond) wait_event(wq, cond)
#define wait_event_interruptible(wq, cond) (MPB_WAIT_EVENT(wq, cond, TASK_INTERRUPTIBLE, false), mpb_uninterrupted())
#define wait_event_killable(wq, cond) (wait_event(wq, cond), mpb_uninterrupted())
#define wait_event_exclusive(wq, cond) MPB_WAIT_EVENT(wq, cond, TASK_UNINTERRUPTIBLE, true)
#define wait_event_interruptible_exclusive(wq, cond) (MPB_WAIT_EVENT(wq, cond, TASK_INTERRUPTIBLE, true), mpb_uninterrupted())
#define wait_event_timeout(wq, cond, timeout)                                                      \
	MPB_WAIT(wq, cond, TASK_UNINTERRUPTIBLE, false, timeout, (void)0, (void)0)
#define wait_event_interruptible_timeout(wq, cond, timeout)                                        \
	MPB_WAIT(wq, cond, TASK_INTERRUPTIBLE, false, timeout, (void)0, (void)0)
#define wait_event_idle_timeout(wq, cond, timeout) wait_event_timeout(wq, cond, timeout)

/* The condition is looked at with the caller's lock held, which is let go while asleep. */
#define wait_event_lock_irq(wq, cond, lock)                                                        \
	((void)MPB_WAIT(wq, cond, TASK_UNINTERRUPTIBLE, false, MAX_SCHEDULE_TIMEOUT, spin_unlock(&(lock)), spin_lock(&(lock))))
#define wait_event_lock_irq_cmd(wq, cond, lock, cmd)                                               \
	((void)MPB_WAIT(wq, cond, TASK_UNINTERRUPTIBLE, false, MAX_SCHEDULE_TIMEOUT, (spin_unlock(&(lock)), cmd), spin_lock(&(lock))))
#define wait_event_interruptible_lock_irq(wq, cond, lock) (wait_event_lock_irq(wq, cond, lock), mpb_uninterrupted())

#endif
