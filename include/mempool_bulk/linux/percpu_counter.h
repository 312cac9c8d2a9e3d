/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/percpu_counter.h: counters that many threads change. Always exact, so the batches mean nothing. */
#ifndef MEMPOOL_BULK_LINUX_PERCPU_COUNTER_H
#define MEMPOOL_BULK_LINUX_PERCPU_COUNTER_H

#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct percpu_counter {
	s64 count;
} ____cacheline_aligned;

#define percpu_counter_batch 32

static inline void percpu_counter_set(struct percpu_counter *counter, s64 amount)
{
	WRITE_ONCE(counter->count, amount);
}

static inline int percpu_counter_init(struct percpu_counter *counter, s64 amount, gfp_t gfp)
{
	(void)gfp;
	percpu_counter_set(counter, amount);
	return 0;
}

static inline void percpu_counter_destroy(struct percpu_counter *counter)
{
	(void)counter;
}

static inline void percpu_counter_add(struct percpu_counter *counter, s64 amount)
{
	__atomic_fetch_add(&counter->count, amount, __ATOMIC_RELAXED);
}

static inline s64 percpu_counter_read(struct percpu_counter *counter)
{
	return READ_ONCE(counter->count);
}

static inline s64 percpu_counter_read_positive(struct percpu_counter *counter)
{
	const s64 count = percpu_counter_read(counter);

	return count < 0 ? 0 : count;
}

static inline int percpu_counter_compare(struct percpu_counter *counter, s64 than)
{
	const s64 count = percpu_counter_read(counter);

	return (count > than) - (count < than);
}

/* Adds unless the sum would be above the limit, or below it for a negative one; true when added. */
static inline bool percpu_counter_limited_add(struct percpu_counter *counter, s64 limit, s64 amount)
{
	s64 old = percpu_counter_read(counter);

	do {
		if (amount > 0 ? old + amount > limit : amount < 0 && old + amount < limit)
			return false;
	} while (!__atomic_compare_exchange_n(&counter->count, &old, old + amount, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

#define percpu_counter_inc(counter) percpu_counter_add(counter, 1)
#define percpu_counter_dec(counter) percpu_counter_add(counter, -1)
#define percpu_counter_sub(counter, amount) percpu_counter_add(counter, -(s64)(amount))
#define percpu_counter_add_batch(counter, amount, batch) ((void)(batch), percpu_counter_add(counter, amount))
#define percpu_counter_add_local(counter, amount) percpu_counter_add(counter, amount)
#define percpu_counter_sync(counter) ((void)(counter))
#define percpu_counter_sum(counter) percpu_counter_read(counter)
#define percpu_counter_sum_positive(counter) percpu_counter_read_positive(counter)
#define percpu_counter_initialized(counter) ((void)(counter), true)
#define __percpu_counter_compare(counter, than, batch) ((void)(batch), percpu_counter_compare(counter, than))

#endif
