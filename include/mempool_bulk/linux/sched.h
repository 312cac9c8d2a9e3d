/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/sched.h: the running thread as the kernel's current, and sleeping until somebody wakes it. */
#ifndef MEMPOOL_BULK_LINUX_SCHED_H
#define MEMPOOL_BULK_LINUX_SCHED_H

#if __has_include_next(<linux/sched.h>)
#include_next <linux/sched.h>
#endif
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/smp.h>
#include <linux/types.h>
#include <pthread.h>
#include "../detail/futex.h"

#define TASK_RUNNING 0u
#define TASK_INTERRUPTIBLE 1u
#define TASK_UNINTERRUPTIBLE 2u
#define TASK_KILLABLE 0x102u
#define TASK_IDLE 0x402u
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_COMM_LEN 16
#define MAX_SCHEDULE_TIMEOUT __LONG_MAX__
#define PF_KTHREAD 0x00200000u
#define PF_MEMALLOC 0x00000800u

/* A thread. __state is the word it sleeps on: set before the condition is looked at, TASK_RUNNING when woken.
 * thread, fn, data and the rest belong to kthread.h; threads of others have them empty. */
struct task_struct {
	unsigned int __state;
	unsigned int flags;
	int pid;
	char comm[TASK_COMM_LEN];
	pthread_t thread;
	int (*fn)(void *data);
	void *data;
	long result;
	unsigned int kthread;
};

/* Weak, so that all files of a program share them. */
__attribute__((__weak__)) __thread struct task_struct mempool_bulk_task;
__attribute__((__weak__)) __thread struct task_struct *mempool_bulk_current;

static inline struct task_struct *get_current(void)
{
	if (!mempool_bulk_current) {
		mempool_bulk_task.pid = (int)syscall(SYS_gettid);
		mempool_bulk_current = &mempool_bulk_task;
	}
	return mempool_bulk_current;
}
#define current get_current()

/* The fence: what the sleeper looks at next is read after the waker can see that it is about to sleep. */
#define __set_current_state(state) __atomic_store_n(&current->__state, state, __ATOMIC_RELAXED)
#define set_current_state(state) __atomic_exchange_n(&current->__state, state, __ATOMIC_SEQ_CST)
#define get_current_state() __atomic_load_n(&current->__state, __ATOMIC_RELAXED)

/* True when the task was asleep, or about to be, in one of the states. Release pairs with the Acquire of
 * the sleeper's look at its state. */
static inline int wake_up_state(struct task_struct *task, unsigned int states)
{
	unsigned int state = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST);

	do {
		if (!(state & states))
			return 0;
	} while (!__atomic_compare_exchange_n(&task->__state, &state, TASK_RUNNING, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	mpb_futex_wake(&task->__state, 1);
	return 1;
}
#define wake_up_process(task) wake_up_state(task, TASK_NORMAL)

/* Sleeps until woken or the time is over; what is left of it. */
static inline long schedule_timeout(long timeout)
{
	struct task_struct *me = current;
	const bool limited = timeout != MAX_SCHEDULE_TIMEOUT;
	const unsigned long end = jiffies + (unsigned long)(limited ? timeout : 0);
	const struct timespec until = mpb_time((long long)end * 1000000);
	unsigned int state;
	long left;

	while ((state = __atomic_load_n(&me->__state, __ATOMIC_ACQUIRE)) != TASK_RUNNING)
		if (!mpb_futex_wait(&me->__state, state, limited ? &until : NULL))
			break;
	__set_current_state(TASK_RUNNING);
	left = (long)(end - jiffies);
	return !limited ? timeout : left > 0 ? left : 0;
}

static inline void schedule(void)
{
	if (get_current_state() == TASK_RUNNING)
		syscall(SYS_sched_yield);
	else
		schedule_timeout(MAX_SCHEDULE_TIMEOUT);
}

static inline void yield(void)
{
	__set_current_state(TASK_RUNNING);
	schedule();
}

static inline int cond_resched(void)
{
	return 0;
}

/* What an interruptible wait returns: no signal interrupts it. */
static inline int mpb_uninterrupted(void)
{
	return 0;
}

#define need_resched() 0
#define io_schedule() schedule()
#define io_schedule_timeout(timeout) schedule_timeout(timeout)
#define schedule_timeout_uninterruptible(timeout) (set_current_state(TASK_UNINTERRUPTIBLE), schedule_timeout(timeout))
#define schedule_timeout_interruptible(timeout) (set_current_state(TASK_INTERRUPTIBLE), schedule_timeout(timeout))
#define task_pid_nr(task) ((task)->pid)

#include <linux/sched/signal.h>

#endif
