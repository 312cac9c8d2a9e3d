/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/jiffies.h: a clock of milliseconds. */
#ifndef MEMPOOL_BULK_LINUX_JIFFIES_H
#define MEMPOOL_BULK_LINUX_JIFFIES_H

#include <linux/math.h>
#include <linux/types.h>
#include "../detail/futex.h"

#undef HZ /* <sys/param.h> means another clock */
#define HZ 1000
#define jiffies ((unsigned long)(mpb_now_ns() / 1000000))
#define get_jiffies_64() ((u64)jiffies)
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)

static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return (unsigned int)j;
}

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ms;
}

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return DIV_ROUND_UP(us, 1000ul);
}

static inline unsigned long nsecs_to_jiffies(u64 ns)
{
	return (unsigned long)(ns / 1000000);
}

#endif
