/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/find.h: the next set or clear bit of an array; size when there is none. */
#ifndef MEMPOOL_BULK_LINUX_FIND_H
#define MEMPOOL_BULK_LINUX_FIND_H

#include <linux/bits.h>
#include <linux/types.h>

/* The next bit at or after `from` that differs from those of `invert`. */
static inline unsigned long mpb_find_next(const unsigned long *addr, unsigned long size, unsigned long from,
					  unsigned long invert)
{
	while (from < size) {
		const unsigned long word = (addr[BIT_WORD(from)] ^ invert) & (~0UL << (from % BITS_PER_LONG));

		if (word) {
			from = BIT_WORD(from) * BITS_PER_LONG + (unsigned long)__builtin_ctzl(word);
			break;
		}
		from = (BIT_WORD(from) + 1) * BITS_PER_LONG;
	}
	return from < size ? from : size;
}

static inline unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long from)
{
	return mpb_find_next(addr, size, from, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long from)
{
	return mpb_find_next(addr, size, from, ~0UL);
}

#define find_first_bit(addr, size) find_next_bit(addr, size, 0)
#define find_first_zero_bit(addr, size) find_next_zero_bit(addr, size, 0)

static inline unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long at = size;

	while (at-- > 0)
		if (addr[BIT_WORD(at)] & BIT_MASK(at))
			return at;
	return size;
}

#define for_each_set_bit(bit, addr, size)                                                          \
	for ((bit) = find_first_bit(addr, size); (bit) < (size); (bit) = find_next_bit(addr, size, (bit) + 1))
#define for_each_clear_bit(bit, addr, size)                                                        \
	for ((bit) = find_first_zero_bit(addr, size); (bit) < (size); (bit) = find_next_zero_bit(addr, size, (bit) + 1))

#endif
