/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bvec.h: pieces of pages, and a position in an array of them. */
#ifndef EXAMPLE_LINUX_BVEC_H
#define EXAMPLE_LINUX_BVEC_H

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/types.h>

/* A piece may go over several pages whose addresses follow each other. */
struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

struct bvec_iter {
	sector_t bi_sector;
	unsigned int bi_size;      /* bytes left */
	unsigned int bi_idx;       /* the piece */
	unsigned int bi_bvec_done; /* bytes of it that lie behind */
};

static inline void bvec_set_page(struct bio_vec *bv, struct page *page, unsigned int len, unsigned int offset)
{
	bv->bv_page = page;
	bv->bv_len = len;
	bv->bv_offset = offset;
}

static inline void *bvec_kmap_local(const struct bio_vec *bv)
{
	return (char *)kmap_local_page(bv->bv_page) + bv->bv_offset;
}

/* What is left of the piece at the position, and of that what lies in one page. */
static inline struct bio_vec bvec_iter_bvec(const struct bio_vec *pieces, struct bvec_iter iter)
{
	const struct bio_vec *bv = &pieces[iter.bi_idx];
	const unsigned int offset = bv->bv_offset + iter.bi_bvec_done;

	return (struct bio_vec){ nth_page(bv->bv_page, offset >> PAGE_SHIFT),
				 min(bv->bv_len - iter.bi_bvec_done, iter.bi_size), (unsigned int)offset_in_page(offset) };
}

static inline struct bio_vec bvec_iter_page_bvec(const struct bio_vec *pieces, struct bvec_iter iter)
{
	struct bio_vec bv = bvec_iter_bvec(pieces, iter);

	bv.bv_len = min_t(unsigned int, bv.bv_len, (unsigned int)PAGE_SIZE - bv.bv_offset);
	return bv;
}

static inline void bvec_iter_advance(const struct bio_vec *pieces, struct bvec_iter *iter, unsigned int bytes)
{
	iter->bi_size -= bytes;
	iter->bi_bvec_done += bytes;
	while (iter->bi_bvec_done && iter->bi_bvec_done >= pieces[iter->bi_idx].bv_len)
		iter->bi_bvec_done -= pieces[iter->bi_idx++].bv_len;
}

#endif
