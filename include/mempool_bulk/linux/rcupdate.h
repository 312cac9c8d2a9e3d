/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/rcupdate.h: read-copy-update: readers take no lock, and what they may see is freed after them. */
#ifndef MEMPOOL_BULK_LINUX_RCUPDATE_H
#define MEMPOOL_BULK_LINUX_RCUPDATE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* Readers count themselves in readers[now]; a grace period empties the other count, makes it the current one, and
 * waits for the old one. A reader that counts itself in the old one after that look began after
 * it, and sees what the updater did before. SEQ_CST on all of these words. */
struct mpb_rcu {
	struct mpb_lock updaters;
	unsigned int now;
	long readers[2];
	struct rcu_head *callbacks;
};
__attribute__((__weak__)) struct mpb_rcu mempool_bulk_rcu;
__attribute__((__weak__)) __thread unsigned int mempool_bulk_rcu_depth, mempool_bulk_rcu_side;

static inline void rcu_read_lock(void)
{
	if (mempool_bulk_rcu_depth++ > 0)
		return;
	mempool_bulk_rcu_side = __atomic_load_n(&mempool_bulk_rcu.now, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&mempool_bulk_rcu.readers[mempool_bulk_rcu_side], 1, __ATOMIC_SEQ_CST);
}

static inline void rcu_read_unlock(void)
{
	if (--mempool_bulk_rcu_depth == 0)
		__atomic_fetch_sub(&mempool_bulk_rcu.readers[mempool_bulk_rcu_side], 1, __ATOMIC_SEQ_CST);
}

static inline void mpb_rcu_drain(unsigned int side)
{
	while (__atomic_load_n(&mempool_bulk_rcu.readers[side], __ATOMIC_SEQ_CST) != 0)
		mpb_sleep_ns(50000);
}

/* Returns when all readers of before are done. Not for a reader. */
static inline void synchronize_rcu(void)
{
	unsigned int side;

	mpb_lock(&mempool_bulk_rcu.updaters);
	side = mempool_bulk_rcu.now;
	mpb_rcu_drain(!side);
	__atomic_store_n(&mempool_bulk_rcu.now, !side, __ATOMIC_SEQ_CST);
	mpb_rcu_drain(side);
	mpb_unlock(&mempool_bulk_rcu.updaters);
}

/* Runs what was queued, after a grace period. */
static inline void mpb_rcu_work(struct work_struct *work)
{
	struct rcu_head *head = __atomic_exchange_n(&mempool_bulk_rcu.callbacks, NULL, __ATOMIC_ACQUIRE);

	(void)work;
	if (head)
		synchronize_rcu();
	while (head) {
		struct rcu_head *next = head->next;

		if ((uintptr_t)head->func < PAGE_SIZE)
			kfree((char *)head - (uintptr_t)head->func);
		else
			head->func(head);
		head = next;
	}
}
__attribute__((__weak__)) struct work_struct mempool_bulk_rcu_work = MPB_WORK_INIT(mempool_bulk_rcu_work, mpb_rcu_work);

/* func(head) after a grace period, by a thread of the system's workqueue. */
static inline void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	head->func = func;
	head->next = __atomic_load_n(&mempool_bulk_rcu.callbacks, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&mempool_bulk_rcu.callbacks, &head->next, head, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	schedule_work(&mempool_bulk_rcu_work);
}

static inline void rcu_barrier(void)
{
	flush_work(&mempool_bulk_rcu_work);
}

#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_raw(p) rcu_dereference(p)
#define rcu_dereference_check(p, cond) rcu_dereference(p)
#define rcu_dereference_protected(p, cond) READ_ONCE(p)
#define rcu_assign_pointer(p, value) __atomic_store_n(&(p), (value), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, value) WRITE_ONCE(p, value)
#define rcu_read_lock_held() (mempool_bulk_rcu_depth > 0)
#define synchronize_rcu_expedited() synchronize_rcu()
#define synchronize_net() synchronize_rcu()


/* Frees the object around a head. Below a page no function lies: func is then the head's offset in it. */
#define kfree_rcu(p, member) call_rcu(&(p)->member, (rcu_callback_t)(uintptr_t)offsetof(__typeof__(*(p)), member))
#define kvfree_rcu(p, member) kfree_rcu(p, member)
#define kfree_rcu_mightsleep(p) do { synchronize_rcu(); kvfree(p); } while (0)

#endif
