/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/freezer.h: a process is not frozen. */
#ifndef MEMPOOL_BULK_LINUX_FREEZER_H
#define MEMPOOL_BULK_LINUX_FREEZER_H

#include <linux/sched.h>
#include <linux/wait.h>

static inline bool set_freezable(void)
{
	return false;
}
#define try_to_freeze() set_freezable()
#define freezing(task) ((void)(task), false)
#define wait_event_freezable(wq, cond) wait_event_interruptible(wq, cond)

#endif
