/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/minmax.h: smaller and larger. Each argument is evaluated once; the two must be of one kind. */
#ifndef MEMPOOL_BULK_LINUX_MINMAX_H
#define MEMPOOL_BULK_LINUX_MINMAX_H

#include <linux/compiler.h>
#include <linux/types.h>

#define MPB_CHOOSE(type, x, op, y, a, b) __extension__({ type a = (x); type b = (y); a op b ? a : b; })
#define MPB_CHOOSE_T(type, x, op, y) MPB_CHOOSE(type, x, op, y, __UNIQUE_ID(a), __UNIQUE_ID(b))

/* The type that both promote to, as in an expression; a pointer stays one. */
#define MPB_COMMON(x, y) __typeof__(1 ? (x) : (y))

#define min(x, y) MPB_CHOOSE_T(MPB_COMMON(x, y), x, <, y)
#define max(x, y) MPB_CHOOSE_T(MPB_COMMON(x, y), x, >, y)
#define min_t(type, x, y) MPB_CHOOSE_T(type, (type)(x), <, (type)(y))
#define max_t(type, x, y) MPB_CHOOSE_T(type, (type)(x), >, (type)(y))
#define umin(x, y) min_t(u64, x, y)
#define umax(x, y) max_t(u64, x, y)
#define min3(x, y, z) min(min(x, y), z)
#define max3(x, y, z) max(max(x, y), z)
#define clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)
#define clamp(value, low, high) clamp_t(__typeof__(value), value, low, high)
#define clamp_val(value, low, high) clamp(value, low, high)

#define min_not_zero(x, y) MPB_NOT_ZERO(MPB_COMMON(x, y), x, y, __UNIQUE_ID(a), __UNIQUE_ID(b))
#define MPB_NOT_ZERO(type, x, y, a, b) __extension__({                                             \
	type a = (x);                                                                              \
	type b = (y);                                                                              \
	a == 0 ? b : b == 0 || a < b ? a : b;                                                      \
})

#define swap(x, y) MPB_SWAP(x, y, __UNIQUE_ID(kept))
#define MPB_SWAP(x, y, kept) do { __typeof__(x) kept = (x); (x) = (y); (y) = kept; } while (0)

#endif
