/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/kthread.h: kernel threads are threads of the process. */
#ifndef MEMPOOL_BULK_LINUX_KTHREAD_H
#define MEMPOOL_BULK_LINUX_KTHREAD_H

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* | bit of task->kthread | set by                                                         |
 * | MPB_STOP             | kthread_stop(), which then joins and frees                      |
 * | MPB_ENDED            | the thread at its end; without MPB_STOP it detaches and frees   |
 * AcqRel on both sides: whoever comes second sees what the first did. */
#define MPB_STOP 1u
#define MPB_ENDED 2u

static inline void *mpb_kthread(void *data)
{
	struct task_struct *me = data;

	mempool_bulk_current = me;
	WRITE_ONCE(me->pid, (int)syscall(SYS_gettid));
	schedule(); /* until it is woken for the first time, or stopped */
	if (!(__atomic_load_n(&me->kthread, __ATOMIC_ACQUIRE) & MPB_STOP))
		me->result = me->fn(me->data);
	if (!(__atomic_fetch_or(&me->kthread, MPB_ENDED, __ATOMIC_ACQ_REL) & MPB_STOP)) {
		pthread_detach(pthread_self());
		kfree(me);
	}
	mempool_bulk_current = NULL;
	return NULL;
}

/* A thread that waits for wake_up_process(), or an error pointer. */
static inline struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *name, ...) __printf(3, 4);
static inline struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *name, ...)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);
	va_list args;
	int rc;

	if (!task)
		return ERR_PTR(-ENOMEM);
	va_start(args, name);
	vsnprintf(task->comm, sizeof(task->comm), name, args);
	va_end(args);
	task->fn = fn;
	task->data = data;
	task->flags = PF_KTHREAD;
	task->result = -EINTR; /* of a thread that is stopped before it was woken */
	task->__state = TASK_UNINTERRUPTIBLE;
	rc = pthread_create(&task->thread, NULL, mpb_kthread, task);
	if (rc == 0)
		return task;
	kfree(task);
	return ERR_PTR(-rc);
}

#define kthread_run(fn, data, ...) mpb_kthread_run(kthread_create(fn, data, __VA_ARGS__))
static inline struct task_struct *mpb_kthread_run(struct task_struct *task)
{
	if (!IS_ERR(task))
		wake_up_process(task);
	return task;
}

/* Asks a thread to end, waits for it, and gives what its function returned. For threads that have not
 * ended by themselves, as in the kernel. */
static inline int kthread_stop(struct task_struct *task)
{
	const pthread_t thread = task->thread;
	int result;

	__atomic_fetch_or(&task->kthread, MPB_STOP, __ATOMIC_ACQ_REL);
	wake_up_process(task);
	pthread_join(thread, NULL);
	result = (int)task->result;
	kfree(task);
	return result;
}

static inline bool kthread_should_stop(void)
{
	return __atomic_load_n(&current->kthread, __ATOMIC_SEQ_CST) & MPB_STOP;
}

#define kthread_create_on_node(fn, data, node, ...) ((void)(node), kthread_create(fn, data, __VA_ARGS__))
#define kthread_should_park() false
#define kthread_freezable_should_stop(was_frozen) ((void)(was_frozen), kthread_should_stop())

#endif
