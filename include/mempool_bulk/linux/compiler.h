/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/compiler.h: hints, single accesses and barriers. */
#ifndef MEMPOOL_BULK_LINUX_COMPILER_H
#define MEMPOOL_BULK_LINUX_COMPILER_H

#include <linux/compiler_types.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define unreachable() __builtin_unreachable()
#define barrier() __asm__ __volatile__("" ::: "memory")
#define barrier_data(p) __asm__ __volatile__("" : : "r"(p) : "memory")
#define OPTIMIZER_HIDE_VAR(x) __asm__("" : "+r"(x))
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define data_race(x) (x)

/* One access each, of a number or a pointer; tools that look for races know that it is meant. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)

/* A name that no other expansion has, so that macros may be nested without shadowing. */
#define MPB_JOIN_(a, b) a##b
#define MPB_JOIN(a, b) MPB_JOIN_(a, b)
#define __UNIQUE_ID(prefix) MPB_JOIN(MPB_JOIN(mpb_, prefix), __COUNTER__)

#endif
