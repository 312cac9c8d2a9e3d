/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/completion.h: one thread says that something is done, others wait for it. */
#ifndef MEMPOOL_BULK_LINUX_COMPLETION_H
#define MEMPOOL_BULK_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done; /* how many may go on; UINT_MAX: all, from now on. Under wait.lock */
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER(name) { 0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) }
#define COMPLETION_INITIALIZER_ONSTACK(name) COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

static inline void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

static inline void reinit_completion(struct completion *x)
{
	WRITE_ONCE(x->done, 0);
}

/* The unlock is the last access: the waiter, who takes the lock to see done, may free x then. */
static inline void complete(struct completion *x)
{
	spin_lock(&x->wait.lock);
	if (x->done != ~0u)
		x->done++;
	wake_up_locked(&x->wait);
	spin_unlock(&x->wait.lock);
}

static inline void complete_all(struct completion *x)
{
	spin_lock(&x->wait.lock);
	x->done = ~0u;
	wake_up_all_locked(&x->wait);
	spin_unlock(&x->wait.lock);
}

static inline bool try_wait_for_completion(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = x->done != 0;
	if (done && x->done != ~0u)
		x->done--;
	spin_unlock(&x->wait.lock);
	return done;
}

static inline bool completion_done(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = x->done != 0;
	spin_unlock(&x->wait.lock);
	return done;
}

static inline void wait_for_completion(struct completion *x)
{
	wait_event_exclusive(x->wait, try_wait_for_completion(x));
}

/* What is left of the time, at least 1; 0 when it was not done in time. */
static inline unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	return (unsigned long)MPB_WAIT(x->wait, try_wait_for_completion(x), TASK_UNINTERRUPTIBLE, true, (long)timeout,
				       (void)0, (void)0);
}

#define wait_for_completion_io(x) wait_for_completion(x)
#define wait_for_completion_interruptible(x) (wait_for_completion(x), mpb_uninterrupted())
#define wait_for_completion_killable(x) (wait_for_completion(x), mpb_uninterrupted())
#define wait_for_completion_interruptible_timeout(x, timeout) ((long)wait_for_completion_timeout(x, timeout))

#endif
