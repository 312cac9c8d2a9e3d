/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/uio.h: an array of pieces as the target or source of file I/O. */
#ifndef EXAMPLE_LINUX_UIO_H
#define EXAMPLE_LINUX_UIO_H

#include <linux/types.h>
#include <sys/uio.h>

struct bio_vec;

#define ITER_DEST 0u
#define ITER_SOURCE 1u

struct iov_iter {
	const struct bio_vec *bvec;
	unsigned long nr_segs;
	size_t count;
	unsigned int data_source;
};

static inline void iov_iter_bvec(struct iov_iter *iter, unsigned int direction, const struct bio_vec *bvec,
				 unsigned long nr_segs, size_t count)
{
	*iter = (struct iov_iter){ bvec, nr_segs, count, direction };
}

#endif
