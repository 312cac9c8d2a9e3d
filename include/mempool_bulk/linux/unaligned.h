/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/unaligned.h: numbers at any address, in the CPU's or a given byte order. */
#ifndef MEMPOOL_BULK_LINUX_UNALIGNED_H
#define MEMPOOL_BULK_LINUX_UNALIGNED_H

#include <asm/byteorder.h>
#include <linux/string.h>
#include <linux/types.h>

#define get_unaligned(ptr) __extension__({                                                         \
	__typeof__(*(ptr)) mpb_value;                                                              \
	memcpy(&mpb_value, ptr, sizeof(mpb_value));                                                \
	mpb_value;                                                                                 \
})
#define put_unaligned(value, ptr) do {                                                             \
	const __typeof__(*(ptr)) mpb_value = (value);                                              \
	memcpy(ptr, &mpb_value, sizeof(mpb_value));                                                \
} while (0)

#define MPB_UNALIGNED(bits, order)                                                                 \
	static inline u##bits get_unaligned_##order##bits(const void *from)                        \
	{                                                                                          \
		__##order##bits value;                                                             \
		memcpy(&value, from, sizeof(value));                                               \
		return __##order##bits##_to_cpu(value);                                            \
	}                                                                                          \
	static inline void put_unaligned_##order##bits(u##bits value, void *to)                    \
	{                                                                                          \
		const __##order##bits stored = __cpu_to_##order##bits(value);                      \
		memcpy(to, &stored, sizeof(stored));                                               \
	}
MPB_UNALIGNED(16, le)
MPB_UNALIGNED(32, le)
MPB_UNALIGNED(64, le)
MPB_UNALIGNED(16, be)
MPB_UNALIGNED(32, be)
MPB_UNALIGNED(64, be)

#endif
