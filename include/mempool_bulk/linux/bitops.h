/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bitops.h: single bits of arrays of long. Names without __ in front are atomic. */
#ifndef MEMPOOL_BULK_LINUX_BITOPS_H
#define MEMPOOL_BULK_LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <strings.h>

#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(nr) (((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITS_TO_BYTES(nr) (((nr) + 7) / 8)

/* An atomic and a plain form of one change; the values are those before it. */
#define MPB_BIT_OP(name, builtin, mask, plain)                                                     \
	static inline bool test_and_##name(unsigned long nr, volatile unsigned long *addr)         \
	{                                                                                          \
		return (builtin(addr + BIT_WORD(nr), mask, __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0; \
	}                                                                                          \
	static inline void name(unsigned long nr, volatile unsigned long *addr)                    \
	{                                                                                          \
		builtin(addr + BIT_WORD(nr), mask, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void __##name(unsigned long nr, volatile unsigned long *addr)                \
	{                                                                                          \
		addr[BIT_WORD(nr)] = addr[BIT_WORD(nr)] plain;                                     \
	}                                                                                          \
	static inline bool __test_and_##name(unsigned long nr, volatile unsigned long *addr)       \
	{                                                                                          \
		const bool was = (addr[BIT_WORD(nr)] & BIT_MASK(nr)) != 0;                         \
		__##name(nr, addr);                                                                \
		return was;                                                                        \
	}
MPB_BIT_OP(set_bit, __atomic_fetch_or, BIT_MASK(nr), | BIT_MASK(nr))
MPB_BIT_OP(clear_bit, __atomic_fetch_and, ~BIT_MASK(nr), & ~BIT_MASK(nr))
MPB_BIT_OP(change_bit, __atomic_fetch_xor, BIT_MASK(nr), ^ BIT_MASK(nr))

static inline bool test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	return (__atomic_load_n(addr + BIT_WORD(nr), __ATOMIC_RELAXED) & BIT_MASK(nr)) != 0;
}

static inline bool test_bit_acquire(unsigned long nr, const volatile unsigned long *addr)
{
	return (__atomic_load_n(addr + BIT_WORD(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr)) != 0;
}

/* A bit as a lock: what is done while it is set is seen by the next who sets it. */
static inline bool test_and_set_bit_lock(unsigned long nr, volatile unsigned long *addr)
{
	return (__atomic_fetch_or(addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr)) != 0;
}

static inline void clear_bit_unlock(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(addr + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_RELEASE);
}

/* Where the lowest or highest set bit is; ffs and fls count from 1, 0 means none. */
#define __ffs(word) ((unsigned long)__builtin_ctzl(word))
#define __ffs64(word) ((unsigned long)__builtin_ctzll(word))
#define __fls(word) ((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(word)))
#define ffz(word) __ffs(~(word))
#define fls(x) ((unsigned int)(x) ? 32 - __builtin_clz((unsigned int)(x)) : 0)
#define fls64(x) ((u64)(x) ? 64 - __builtin_clzll((u64)(x)) : 0)
#define fls_long(x) fls64((unsigned long)(x))
#define hweight8(x) ((unsigned int)__builtin_popcount((u8)(x)))
#define hweight16(x) ((unsigned int)__builtin_popcount((u16)(x)))
#define hweight32(x) ((unsigned int)__builtin_popcount(x))
#define hweight64(x) ((unsigned int)__builtin_popcountll(x))
#define hweight_long(x) ((unsigned int)__builtin_popcountl(x))

#include <linux/find.h>

#endif
