/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/ktime.h: times in nanoseconds. */
#ifndef MEMPOOL_BULK_LINUX_KTIME_H
#define MEMPOOL_BULK_LINUX_KTIME_H

#include <linux/jiffies.h>
#include <linux/types.h>

typedef s64 ktime_t;
#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_USEC 1000L
#define USEC_PER_SEC 1000000L
#define USEC_PER_MSEC 1000L
#define MSEC_PER_SEC 1000L
#define KTIME_MAX INT64_MAX

static inline ktime_t ktime_get(void)
{
	return mpb_now_ns();
}

#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_boottime() ktime_get()
#define ktime_get_raw() ktime_get()
#define ktime_set(seconds, ns) ((ktime_t)(seconds) * NSEC_PER_SEC + (ktime_t)(ns))
#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(a, ns) ((a) + (ktime_t)(ns))
#define ktime_add_us(a, us) ((a) + (ktime_t)(us) * NSEC_PER_USEC)
#define ktime_add_ms(a, ms) ((a) + (ktime_t)(ms) * NSEC_PER_MSEC)
#define ktime_to_ns(t) (t)
#define ktime_to_us(t) ((t) / NSEC_PER_USEC)
#define ktime_to_ms(t) ((t) / NSEC_PER_MSEC)
#define ktime_us_delta(a, b) ktime_to_us(ktime_sub(a, b))
#define ktime_ms_delta(a, b) ktime_to_ms(ktime_sub(a, b))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define us_to_ktime(us) ((ktime_t)(us) * NSEC_PER_USEC)
#define ms_to_ktime(ms) ((ktime_t)(ms) * NSEC_PER_MSEC)
#define ktime_before(a, b) ((a) < (b))
#define ktime_after(a, b) ((a) > (b))
#define ktime_compare(a, b) (((a) > (b)) - ((a) < (b)))

#endif
