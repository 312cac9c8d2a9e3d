/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/ratelimit.h: limits for messages: none is held back, there is no log to flood. */
#ifndef MEMPOOL_BULK_LINUX_RATELIMIT_H
#define MEMPOOL_BULK_LINUX_RATELIMIT_H

#include <linux/printk.h>
#include <linux/spinlock.h>

struct ratelimit_state {
	int interval, burst;
};

#define DEFAULT_RATELIMIT_INTERVAL 5000
#define DEFAULT_RATELIMIT_BURST 10
#define DEFINE_RATELIMIT_STATE(name, interval, burst) struct ratelimit_state name = { interval, burst }
#define ratelimit_state_init(state, interval_, burst_) ((state)->interval = (interval_), (void)((state)->burst = (burst_)))
#define __ratelimit(state) ((void)(state), 1)

#endif
