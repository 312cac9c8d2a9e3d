/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/sched/clock.h: the scheduler's clock, in nanoseconds. */
#ifndef MEMPOOL_BULK_LINUX_SCHED_CLOCK_H
#define MEMPOOL_BULK_LINUX_SCHED_CLOCK_H

#include <linux/types.h>
#include "../../detail/futex.h"

#define sched_clock() ((unsigned long long)mpb_now_ns())
#define local_clock() sched_clock()
#define cpu_clock(cpu) ((void)(cpu), sched_clock())

#endif
