/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/atomic.h: atomic numbers. What returns a value is a full barrier, what doesn't is none. */
#ifndef MEMPOOL_BULK_LINUX_ATOMIC_H
#define MEMPOOL_BULK_LINUX_ATOMIC_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

/* All operations of one kind of number. Names in parentheses: <stdatomic.h> has macros of some of them. */
#define MPB_ATOMIC_CHANGE(type, prefix, number, op)                                                \
	static inline void prefix##_##op(number i, type *v) { __atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline number (prefix##_fetch_##op)(number i, type *v) { return __atomic_fetch_##op(&v->counter, i, __ATOMIC_SEQ_CST); } \
	static inline number prefix##_fetch_##op##_relaxed(number i, type *v) { return __atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline number prefix##_fetch_##op##_acquire(number i, type *v) { return __atomic_fetch_##op(&v->counter, i, __ATOMIC_ACQUIRE); } \
	static inline number prefix##_fetch_##op##_release(number i, type *v) { return __atomic_fetch_##op(&v->counter, i, __ATOMIC_RELEASE); }

#define MPB_ATOMIC(type, prefix, number)                                                           \
	static inline number prefix##_read(const type *v) { return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); } \
	static inline number prefix##_read_acquire(const type *v) { return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); } \
	static inline void prefix##_set(type *v, number i) { __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline void prefix##_set_release(type *v, number i) { __atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); } \
	MPB_ATOMIC_CHANGE(type, prefix, number, add)                                               \
	MPB_ATOMIC_CHANGE(type, prefix, number, sub)                                               \
	MPB_ATOMIC_CHANGE(type, prefix, number, and)                                               \
	MPB_ATOMIC_CHANGE(type, prefix, number, or)                                                \
	MPB_ATOMIC_CHANGE(type, prefix, number, xor)                                               \
	static inline number prefix##_add_return(number i, type *v) { return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
	static inline number prefix##_sub_return(number i, type *v) { return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
	static inline void prefix##_inc(type *v) { prefix##_add(1, v); }                           \
	static inline void prefix##_dec(type *v) { prefix##_sub(1, v); }                           \
	static inline number prefix##_inc_return(type *v) { return prefix##_add_return(1, v); }    \
	static inline number prefix##_dec_return(type *v) { return prefix##_sub_return(1, v); }    \
	static inline number prefix##_fetch_inc(type *v) { return (prefix##_fetch_add)(1, v); }    \
	static inline number prefix##_fetch_dec(type *v) { return (prefix##_fetch_sub)(1, v); }    \
	static inline bool prefix##_dec_and_test(type *v) { return prefix##_dec_return(v) == 0; }  \
	static inline bool prefix##_inc_and_test(type *v) { return prefix##_inc_return(v) == 0; }  \
	static inline bool prefix##_sub_and_test(number i, type *v) { return prefix##_sub_return(i, v) == 0; } \
	static inline bool prefix##_add_negative(number i, type *v) { return prefix##_add_return(i, v) < 0; } \
	static inline number prefix##_xchg(type *v, number i) { return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST); } \
	static inline bool prefix##_try_cmpxchg(type *v, number *old, number i)                    \
	{                                                                                          \
		return __atomic_compare_exchange_n(&v->counter, old, i, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
	}                                                                                          \
	static inline number prefix##_cmpxchg(type *v, number old, number i)                       \
	{                                                                                          \
		prefix##_try_cmpxchg(v, &old, i);                                                  \
		return old;                                                                        \
	}                                                                                          \
	/* Adds unless the value is u; the value before. */                                        \
	static inline number prefix##_fetch_add_unless(type *v, number i, number u)                \
	{                                                                                          \
		number old = prefix##_read(v);                                                     \
		while (old != u && !prefix##_try_cmpxchg(v, &old, (number)((u64)old + (u64)i)))                        \
			;                                                                          \
		return old;                                                                        \
	}                                                                                          \
	static inline bool prefix##_add_unless(type *v, number i, number u) { return prefix##_fetch_add_unless(v, i, u) != u; } \
	static inline bool prefix##_inc_not_zero(type *v) { return prefix##_add_unless(v, 1, 0); } \
	/* The value after, which is stored unless it is negative. */                              \
	static inline number prefix##_dec_if_positive(type *v)                                     \
	{                                                                                          \
		number old = prefix##_read(v);                                                     \
		while (old > 0 && !prefix##_try_cmpxchg(v, &old, old - 1))                         \
			;                                                                          \
		return old - 1;                                                                    \
	}

MPB_ATOMIC(atomic_t, atomic, int)
MPB_ATOMIC(atomic64_t, atomic64, s64)
MPB_ATOMIC(atomic_long_t, atomic_long, long)
#define ATOMIC64_INIT(i) { (i) }
#define ATOMIC_LONG_INIT(i) { (i) }

/* On plain variables. */
#define xchg(ptr, value) __atomic_exchange_n(ptr, value, __ATOMIC_SEQ_CST)
#define cmpxchg(ptr, from, to) __extension__({                                                     \
	__typeof__(*(ptr)) mpb_old = (from);                                                       \
	__atomic_compare_exchange_n(ptr, &mpb_old, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
	mpb_old;                                                                                   \
})
#define try_cmpxchg(ptr, old, to) \
	__atomic_compare_exchange_n(ptr, old, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define cmpxchg64(ptr, from, to) cmpxchg(ptr, from, to)

#endif
