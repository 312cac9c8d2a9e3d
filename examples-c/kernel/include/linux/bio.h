/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bio.h: making, filling and ending requests. The kernel's include chain is kept: who includes this
 * has mempool.h and slab.h too. */
#ifndef EXAMPLE_LINUX_BIO_H
#define EXAMPLE_LINUX_BIO_H

#include <linux/blk_types.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define BIO_MAX_VECS 256U
#define BIOSET_NEED_BVECS 1
#define bio_op(bio) ((enum req_op)((bio)->bi_opf & REQ_OP_MASK))
#define bio_data_dir(bio) (bio_op(bio) == REQ_OP_READ ? 0 : 1)
#define bio_sectors(bio) ((bio)->bi_iter.bi_size >> SECTOR_SHIFT)
#define bio_end_sector(bio) ((bio)->bi_iter.bi_sector + bio_sectors(bio))

/* Requests and their long arrays come from pools, so that a writer always gets them. front_pad bytes lie before
 * each request, for its owner. */
struct bio_set {
	unsigned int front_pad;
	mempool_t bio_pool, bvec_pool;
};

static inline void bioset_exit(struct bio_set *bs)
{
	mempool_exit(&bs->bio_pool);
	mempool_exit(&bs->bvec_pool);
}

static inline int bioset_init(struct bio_set *bs, unsigned int pool_size, unsigned int front_pad, int flags)
{
	int rc;

	bs->front_pad = front_pad;
	rc = mempool_init_kmalloc_pool(&bs->bio_pool, (int)pool_size, front_pad + sizeof(struct bio));
	if (rc == 0 && flags & BIOSET_NEED_BVECS)
		rc = mempool_init_kmalloc_pool(&bs->bvec_pool, (int)pool_size, BIO_MAX_VECS * sizeof(struct bio_vec));
	if (rc)
		bioset_exit(bs);
	return rc;
}

static inline struct bio *bio_alloc_bioset(struct block_device *bdev, unsigned short nr_vecs, blk_opf_t opf, gfp_t gfp,
					   struct bio_set *bs)
{
	char *p = mempool_alloc(&bs->bio_pool, gfp);
	struct bio *bio = (struct bio *)(void *)(p + bs->front_pad);

	if (!p)
		return NULL;
	memset(p, 0, bs->front_pad + sizeof(*bio));
	bio->bi_bdev = bdev;
	bio->bi_opf = opf;
	bio->bi_pool = bs;
	bio->bi_max_vecs = ARRAY_SIZE(bio->bi_inline_vecs);
	bio->bi_io_vec = bio->bi_inline_vecs;
	if (nr_vecs <= bio->bi_max_vecs)
		return bio;
	bio->bi_max_vecs = BIO_MAX_VECS;
	bio->bi_io_vec = mempool_alloc(&bs->bvec_pool, gfp);
	if (bio->bi_io_vec && nr_vecs <= BIO_MAX_VECS)
		return bio;
	mempool_free(bio->bi_io_vec, &bs->bvec_pool);
	mempool_free(p, &bs->bio_pool);
	return NULL;
}

static inline void bio_put(struct bio *bio)
{
	struct bio_set *bs = bio->bi_pool;

	if (bio->bi_io_vec != bio->bi_inline_vecs && bio->bi_max_vecs)
		mempool_free(bio->bi_io_vec, &bs->bvec_pool);
	mempool_free((char *)bio - bs->front_pad, &bs->bio_pool);
}

/* A request for the same bytes of the same pages; it has no array of its own. */
static inline struct bio *bio_alloc_clone(struct block_device *bdev, struct bio *from, gfp_t gfp, struct bio_set *bs)
{
	struct bio *bio = bio_alloc_bioset(bdev, 0, from->bi_opf, gfp, bs);

	if (bio) {
		bio->bi_io_vec = from->bi_io_vec;
		bio->bi_iter = from->bi_iter;
		bio->bi_vcnt = from->bi_vcnt;
		bio->bi_max_vecs = 0;
	}
	return bio;
}

/* len, or 0 when the request is full. Joins the last piece when the addresses follow each other. */
static inline unsigned int bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int offset)
{
	struct bio_vec *last = bio->bi_vcnt ? &bio->bi_io_vec[bio->bi_vcnt - 1] : NULL;

	if (last && (char *)bvec_kmap_local(last) + last->bv_len == (char *)kmap_local_page(page) + offset)
		last->bv_len += len;
	else if (bio->bi_vcnt < bio->bi_max_vecs)
		bvec_set_page(&bio->bi_io_vec[bio->bi_vcnt++], page, len, offset);
	else
		return 0;
	bio->bi_iter.bi_size += len;
	return len;
}

static inline void bio_advance_iter(const struct bio *bio, struct bvec_iter *iter, unsigned int bytes)
{
	iter->bi_sector += bytes >> SECTOR_SHIFT;
	bvec_iter_advance(bio->bi_io_vec, iter, bytes);
}

#define bio_iter_iovec(bio, iter) bvec_iter_page_bvec((bio)->bi_io_vec, iter)
/* What is left, in pieces of one page, or in pieces as they are. */
#define bio_for_each_segment(bv, bio, iter)                                                        \
	for ((iter) = (bio)->bi_iter; (iter).bi_size && ((bv) = bio_iter_iovec(bio, iter), 1);     \
	     bio_advance_iter(bio, &(iter), (bv).bv_len))
#define bio_for_each_bvec(bv, bio, iter)                                                           \
	for ((iter) = (bio)->bi_iter; (iter).bi_size && ((bv) = bvec_iter_bvec((bio)->bi_io_vec, iter), 1); \
	     bio_advance_iter(bio, &(iter), (bv).bv_len))

static inline void bio_endio(struct bio *bio)
{
	if (bio->bi_end_io)
		bio->bi_end_io(bio);
}

static inline void bio_io_error(struct bio *bio)
{
	bio->bi_status = BLK_STS_IOERR;
	bio_endio(bio);
}

static inline void submit_bio_noacct(struct bio *bio)
{
	bio->bi_bdev->submit(bio);
}
#define submit_bio(bio) submit_bio_noacct(bio)

#endif
