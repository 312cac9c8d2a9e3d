/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/math.h: divisions with rounding. */
#ifndef MEMPOOL_BULK_LINUX_MATH_H
#define MEMPOOL_BULK_LINUX_MATH_H

#include <linux/types.h>
#include <stdlib.h>

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((u64)(n), (u64)(d))
#define DIV_ROUND_DOWN_ULL(n, d) ((u64)(n) / (u64)(d))
#define DIV_ROUND_UP_SECTOR_T(n, d) DIV_ROUND_UP_ULL(n, d)
#define DIV_ROUND_CLOSEST(n, d) (((n) < 0) == ((d) < 0) ? ((n) + (d) / 2) / (d) : ((n) - (d) / 2) / (d))
/* To a multiple of any number, and of a power of two. */
#undef roundup /* <sys/param.h> has it too */
#define roundup(x, y) (((x) + ((y) - 1)) / (y) * (y))
#define rounddown(x, y) ((x) - (x) % (y))
#define round_up(x, y) ((((x) - 1) | ((__typeof__(x))(y) - 1)) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))(y) - 1))
#define mult_frac(x, n, d) ((x) / (d) * (n) + (x) % (d) * (n) / (d))

#define abs(x) __builtin_choose_expr(sizeof(x) > sizeof(int), llabs((long long)(x)), (abs)((int)(x)))

/* Divides in place; the value is the remainder. */
#define do_div(n, base) __extension__({                                                            \
	const u32 mpb_rest = (u32)((n) % (u32)(base));                                             \
	(n) /= (u32)(base);                                                                        \
	mpb_rest;                                                                                  \
})
#define sector_div(n, base) do_div(n, base)

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = (u32)(dividend % divisor);
	return dividend / divisor;
}

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	return (u64)(__extension__(unsigned __int128)a * mul / divisor);
}

#endif
