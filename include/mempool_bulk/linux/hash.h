/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/hash.h: numbers spread over 2^bits by the golden ratio. */
#ifndef MEMPOOL_BULK_LINUX_HASH_H
#define MEMPOOL_BULK_LINUX_HASH_H

#include <linux/types.h>

static inline u32 hash_32(u32 value, unsigned int bits)
{
	return (value * 0x61c88647u) >> (32 - bits);
}

static inline u32 hash_64(u64 value, unsigned int bits)
{
	return (u32)((value * 0x61c8864680b583ebULL) >> (64 - bits));
}

#define hash_long(value, bits) hash_64((unsigned long)(value), bits)
#define hash_ptr(ptr, bits) hash_long(ptr, bits)

#endif
