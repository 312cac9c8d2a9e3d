/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/delay.h: waiting for a time. The delays of atomic code sleep too; no CPU is kept busy. */
#ifndef MEMPOOL_BULK_LINUX_DELAY_H
#define MEMPOOL_BULK_LINUX_DELAY_H

#include <linux/kernel.h>
#include "../detail/futex.h"

#define ndelay(ns) mpb_sleep_ns((long long)(ns))
#define udelay(us) mpb_sleep_ns((long long)(us) * 1000)
#define mdelay(ms) mpb_sleep_ns((long long)(ms) * 1000000)
#define msleep(ms) mdelay(ms)
#define ssleep(seconds) mdelay((seconds) * 1000LL)
#define fsleep(us) udelay(us)
#define usleep_range(least, most) ((void)(most), udelay(least))
#define msleep_interruptible(ms) (msleep(ms), 0UL)

#endif
