/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/blk_types.h: one request to a block device. */
#ifndef EXAMPLE_LINUX_BLK_TYPES_H
#define EXAMPLE_LINUX_BLK_TYPES_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/types.h>

struct bio;
struct bio_set;
typedef u8 blk_status_t;
typedef u32 blk_opf_t;
typedef void (bio_end_io_t)(struct bio *bio);

#define SECTOR_SHIFT 9
#define SECTOR_SIZE (1u << SECTOR_SHIFT)
#define BLK_STS_OK ((blk_status_t)0)
#define BLK_STS_RESOURCE ((blk_status_t)9)
#define BLK_STS_IOERR ((blk_status_t)10)
enum req_op { REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH };
#define REQ_OP_MASK 0xffu
#define REQ_SYNC (1u << 11)

/* A disk: submit carries requests out, or starts them, and ends each with bio_endio(). */
struct block_device {
	void (*submit)(struct bio *bio);
	void *bd_private;
	sector_t bd_nr_sectors;
};

struct bio {
	struct block_device *bi_bdev;
	blk_opf_t bi_opf;
	blk_status_t bi_status;
	struct bvec_iter bi_iter;
	bio_end_io_t *bi_end_io;
	void *bi_private;
	unsigned short bi_vcnt, bi_max_vecs;
	struct bio_vec *bi_io_vec;
	struct bio_set *bi_pool;
	struct bio_vec bi_inline_vecs[4];
};

#endif
