/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/percpu.h: per-CPU data. A process counts as one CPU: there is one copy, this_cpu_*() are atomic, and
 * between get_cpu_ptr() and put_cpu_ptr() a thread is alone; hold no lock that others ask for it with. */
#ifndef MEMPOOL_BULK_LINUX_PERCPU_H
#define MEMPOOL_BULK_LINUX_PERCPU_H

#include <linux/atomic.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>

#define DEFINE_PER_CPU(type, name) __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) __typeof__(type) name ____cacheline_aligned
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

#define alloc_percpu_gfp(type, gfp) ((type *)kzalloc(sizeof(type), gfp))
#define alloc_percpu(type) alloc_percpu_gfp(type, GFP_KERNEL)
#define __alloc_percpu(size, align) ((void)(align), kzalloc(size, GFP_KERNEL))
#define free_percpu(p) kfree(p)

#define per_cpu(name, cpu) (*((void)(cpu), &(name)))
#define per_cpu_ptr(p, cpu) ((void)(cpu), (p))
#define this_cpu_ptr(p) (p)
#define raw_cpu_ptr(p) (p)

/* One lock for all per-CPU data; a thread that has it may take it again. */
struct mpb_percpu {
	struct mpb_lock lock;
	unsigned int depth;
	const void *owner;
};
__attribute__((__weak__)) struct mpb_percpu mempool_bulk_percpu;
__attribute__((__weak__)) __thread char mempool_bulk_thread_mark;

static inline void mpb_get_percpu(void)
{
	struct mpb_percpu *all = &mempool_bulk_percpu;

	if (READ_ONCE(all->owner) != &mempool_bulk_thread_mark) {
		mpb_lock(&all->lock);
		WRITE_ONCE(all->owner, &mempool_bulk_thread_mark);
	}
	all->depth++;
}

static inline void mpb_put_percpu(void)
{
	struct mpb_percpu *all = &mempool_bulk_percpu;

	if (--all->depth == 0) {
		WRITE_ONCE(all->owner, NULL);
		mpb_unlock(&all->lock);
	}
}

#define get_cpu_ptr(p) (mpb_get_percpu(), (p))
#define put_cpu_ptr(p) ((void)(p), mpb_put_percpu())
#define get_cpu_var(name) (*get_cpu_ptr(&(name)))
#define put_cpu_var(name) put_cpu_ptr(&(name))
static inline int get_cpu(void)
{
	mpb_get_percpu();
	return 0;
}
#define put_cpu() mpb_put_percpu()

#define this_cpu_read(v) READ_ONCE(v)
#define this_cpu_write(v, value) WRITE_ONCE(v, value)
#define this_cpu_add(v, n) ((void)__atomic_fetch_add(&(v), n, __ATOMIC_RELAXED))
#define this_cpu_sub(v, n) ((void)__atomic_fetch_sub(&(v), n, __ATOMIC_RELAXED))
#define this_cpu_inc(v) this_cpu_add(v, 1)
#define this_cpu_dec(v) this_cpu_sub(v, 1)
#define this_cpu_add_return(v, n) __atomic_add_fetch(&(v), n, __ATOMIC_RELAXED)
#define this_cpu_inc_return(v) this_cpu_add_return(v, 1)
#define this_cpu_xchg(v, value) __atomic_exchange_n(&(v), value, __ATOMIC_RELAXED)
#define this_cpu_cmpxchg(v, from, to) cmpxchg(&(v), from, to)
#define __this_cpu_read(v) this_cpu_read(v)
#define __this_cpu_write(v, value) this_cpu_write(v, value)
#define __this_cpu_add(v, n) this_cpu_add(v, n)
#define __this_cpu_inc(v) this_cpu_inc(v)
#define __this_cpu_dec(v) this_cpu_dec(v)

#endif
