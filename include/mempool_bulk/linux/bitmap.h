/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bitmap.h: arrays of bits. The bits behind the last one in its word are not looked at. */
#ifndef MEMPOOL_BULK_LINUX_BITMAP_H
#define MEMPOOL_BULK_LINUX_BITMAP_H

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/string.h>

#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) % BITS_PER_LONG))
#define BITMAP_LAST_WORD_MASK(nr) (~0UL >> (-(nr) % BITS_PER_LONG))
#define bitmap_size(nr) (BITS_TO_LONGS((size_t)(nr)) * sizeof(long))

static inline unsigned long *bitmap_zalloc(unsigned int nr, gfp_t gfp)
{
	return kcalloc(BITS_TO_LONGS(nr), sizeof(long), gfp);
}
#define bitmap_alloc(nr, gfp) bitmap_zalloc(nr, gfp)

static inline void bitmap_free(const unsigned long *map)
{
	kfree(map);
}

static inline void bitmap_zero(unsigned long *map, unsigned int nr)
{
	memset(map, 0, bitmap_size(nr));
}

static inline void bitmap_fill(unsigned long *map, unsigned int nr)
{
	memset(map, 0xff, bitmap_size(nr));
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned int nr)
{
	memcpy(to, from, bitmap_size(nr));
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	while (nr-- > 0)
		__set_bit(start++, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr)
{
	while (nr-- > 0)
		__clear_bit(start++, map);
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int nr)
{
	return find_first_bit(map, nr) == nr;
}

static inline bool bitmap_full(const unsigned long *map, unsigned int nr)
{
	return find_first_zero_bit(map, nr) == nr;
}

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int nr)
{
	unsigned int n = 0;
	unsigned long bit;

	for_each_set_bit(bit, map, (unsigned long)nr)
		n++;
	return n;
}

#define MPB_BITMAP_OP(name, op)                                                                    \
	static inline void name(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int nr) \
	{                                                                                          \
		for (unsigned int i = 0; i < BITS_TO_LONGS(nr); i++)                               \
			to[i] = a[i] op b[i];                                                      \
	}
MPB_BITMAP_OP(bitmap_and, &)
MPB_BITMAP_OP(bitmap_or, |)
MPB_BITMAP_OP(bitmap_xor, ^)
MPB_BITMAP_OP(bitmap_andnot, & ~)

/* The first run of nr clear bits at or after start whose first bit is at a multiple of align_mask + 1; past
 * the end when there is none. */
static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size, unsigned long start,
						       unsigned int nr, unsigned long align_mask)
{
	for (;;) {
		unsigned long at = find_next_zero_bit(map, size, start), end, set;

		at = (at + align_mask) & ~align_mask;
		end = at + nr;
		if (end > size)
			return end;
		set = find_next_bit(map, end, at);
		if (set == end)
			return at;
		start = set + 1;
	}
}

#endif
