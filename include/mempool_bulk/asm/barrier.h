/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asm/barrier.h: barriers between CPUs. */
#ifndef MEMPOOL_BULK_ASM_BARRIER_H
#define MEMPOOL_BULK_ASM_BARRIER_H

#include <linux/compiler.h>

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define mb() smp_mb()
#define rmb() smp_rmb()
#define wmb() smp_wmb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
#define smp_mb__after_spinlock() smp_mb()
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
#define smp_store_mb(variable, value) do { WRITE_ONCE(variable, value); smp_mb(); } while (0)
#define cpu_relax() barrier()

#endif
