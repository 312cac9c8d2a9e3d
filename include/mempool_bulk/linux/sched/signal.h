/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/sched/signal.h: signals don't reach kernel code here: nothing is ever pending. */
#ifndef MEMPOOL_BULK_LINUX_SCHED_SIGNAL_H
#define MEMPOOL_BULK_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#define signal_pending(task) ((void)(task), 0)
#define fatal_signal_pending(task) ((void)(task), 0)
#define signal_pending_state(state, task) ((void)(state), (void)(task), 0)
#define flush_signals(task) ((void)(task))

#endif
