/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/random.h: random bytes, from the system's generator. */
#ifndef MEMPOOL_BULK_LINUX_RANDOM_H
#define MEMPOOL_BULK_LINUX_RANDOM_H

#if __has_include_next(<linux/random.h>)
#include_next <linux/random.h>
#endif
#include <linux/bug.h>
#include <linux/types.h>
#include "../detail/futex.h"

static inline void get_random_bytes(void *to, size_t n)
{
	for (char *p = to; n > 0;) {
		const long got = syscall(SYS_getrandom, p, n, 0);

		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

static inline u32 get_random_u32(void)
{
	u32 value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

static inline u64 get_random_u64(void)
{
	u64 value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

/* 0 to ceiling - 1; a little uneven for large ceilings. */
static inline u32 get_random_u32_below(u32 ceiling)
{
	return (u32)((u64)get_random_u32() * ceiling >> 32);
}
#define prandom_u32() get_random_u32()

#endif
