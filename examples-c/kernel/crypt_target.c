// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An encrypting target for block devices, written as code of the kernel: AES-XTS, one tweak a sector.
 *
 * A write may not be encrypted in place, the caller's pages are not ours. So each one needs as many fresh
 * pages, and must get them even when the system is writing in order to free memory: they come from a pool, all in
 * one request. First without sleeping; if that falls short they go back and are asked for again, with
 * sleeping allowed and one writer at a time. A client has no more pages than its limit, beyond the
 * reserve, counted where the pool's pages come from.
 */
#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/crypto.h>
#include <linux/device-mapper.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>

#define XTS_BLOCK 16
#define KEY_BYTES 64

struct crypt_client {
	struct dm_dev *dev;
	struct crypto_cipher *data_key, *tweak_key;
	struct workqueue_struct *crypt_queue;
	struct bio_set bs;
	mempool_t page_pool;
	struct mutex slow_path; /* held by the one writer that may sleep for pages */
	struct percpu_counter pages_held;
	s64 page_limit;
	atomic_t retries, refusals;
};

/* Lies before each request to the lower device. */
struct crypt_io {
	struct work_struct work;
	struct crypt_client *client;
	struct bio *base; /* the request of the one above */
	struct bio clone; /* last */
};

static struct crypt_io *io_of(struct bio *clone)
{
	return container_of(clone, struct crypt_io, clone);
}

/* The pool's source of pages: within the limit, unless the caller is one that can't do without. */
static unsigned int crypt_alloc_pages(gfp_t gfp, unsigned int nr, void *pool_data, struct page **pages,
				      void (*cb)(struct page *page, void *data), void *data)
{
	struct crypt_client *client = pool_data;
	unsigned long before = 0, got;

	if (gfp & __GFP_NORETRY && percpu_counter_compare(&client->pages_held, client->page_limit - nr) > 0) {
		atomic_inc(&client->refusals);
		return 0;
	}
	if (cb) {
		got = alloc_pages_bulk_cb(gfp, nr, cb, data);
	} else {
		for (unsigned int i = 0; i < nr; i++)
			before += pages[i] != NULL;
		got = alloc_pages_bulk(gfp, nr, pages);
	}
	percpu_counter_add(&client->pages_held, (s64)(got - min(before, got)));
	return (unsigned int)got;
}

static void crypt_free_page(void *page, void *pool_data)
{
	struct crypt_client *client = pool_data;

	__free_page(page);
	percpu_counter_dec(&client->pages_held);
}

static void crypt_free_buffer(struct crypt_client *client, struct bio *clone)
{
	struct bio_vec bv;
	struct bvec_iter iter = { .bi_size = 0 };

	for (unsigned int i = 0; i < clone->bi_vcnt; i++)
		iter.bi_size += clone->bi_io_vec[i].bv_len;
	for (; iter.bi_size; bio_advance_iter(clone, &iter, bv.bv_len)) {
		bv = bio_iter_iovec(clone, iter);
		mempool_free(bv.bv_page, &client->page_pool);
	}
}

struct buffer {
	struct bio *clone;
	unsigned int left;
};

static void crypt_add_page(struct page *page, void *data)
{
	struct buffer *buffer = data;
	const unsigned int len = min_t(unsigned int, buffer->left, PAGE_SIZE);

	BUG_ON(bio_add_page(buffer->clone, page, len, 0) != len);
	buffer->left -= len;
}

/* A request with pages for all of a write. */
static struct bio *crypt_alloc_buffer(struct crypt_client *client, struct bio *base, gfp_t gfp)
{
	const unsigned int nr = DIV_ROUND_UP(base->bi_iter.bi_size, (unsigned int)PAGE_SIZE);
	struct buffer buffer = { .left = base->bi_iter.bi_size };

	buffer.clone = bio_alloc_bioset(client->dev->bdev, (unsigned short)nr, base->bi_opf, GFP_NOIO, &client->bs);
	if (mempool_alloc_pages_bulk_cb(&client->page_pool, gfp, nr, crypt_add_page, &buffer))
		return buffer.clone;
	crypt_free_buffer(client, buffer.clone);
	bio_put(buffer.clone);
	return NULL;
}

static struct bio *crypt_get_buffer(struct crypt_client *client, struct bio *base)
{
	const gfp_t quick = GFP_NOWAIT | __GFP_HIGHMEM;
	struct bio *clone = crypt_alloc_buffer(client, base, quick);

	if (likely(clone))
		return clone;
	atomic_inc(&client->retries);
	mutex_lock(&client->slow_path);
	clone = crypt_alloc_buffer(client, base, quick | __GFP_DIRECT_RECLAIM);
	mutex_unlock(&client->slow_path);
	return clone;
}

/* The next tweak: the last one doubled in GF(2^128). */
static void double_tweak(u64 tweak[2])
{
	const u64 carry = tweak[1] >> 63;

	tweak[1] = tweak[1] << 1 | tweak[0] >> 63;
	tweak[0] = tweak[0] << 1 ^ (carry ? 0x87 : 0);
}

static void crypt_sector(struct crypt_client *client, u8 *dst, const u8 *src, sector_t sector, bool encrypt)
{
	u64 tweak[2] = { 0, 0 }, block[2];
	u8 bytes[XTS_BLOCK] = { 0 };

	put_unaligned_le64(sector, bytes);
	crypto_cipher_encrypt_one(client->tweak_key, bytes, bytes);
	tweak[0] = get_unaligned_le64(bytes);
	tweak[1] = get_unaligned_le64(bytes + 8);
	for (unsigned int at = 0; at < SECTOR_SIZE; at += XTS_BLOCK) {
		block[0] = get_unaligned_le64(src + at) ^ tweak[0];
		block[1] = get_unaligned_le64(src + at + 8) ^ tweak[1];
		put_unaligned_le64(block[0], bytes);
		put_unaligned_le64(block[1], bytes + 8);
		if (encrypt)
			crypto_cipher_encrypt_one(client->data_key, bytes, bytes);
		else
			crypto_cipher_decrypt_one(client->data_key, bytes, bytes);
		put_unaligned_le64(get_unaligned_le64(bytes) ^ tweak[0], dst + at);
		put_unaligned_le64(get_unaligned_le64(bytes + 8) ^ tweak[1], dst + at + 8);
		double_tweak(tweak);
	}
}

/* All of `from` into `to`; both have as many bytes, cut in their own ways. */
static void crypt_convert(struct crypt_client *client, struct bio *to, struct bio *from, bool encrypt)
{
	struct bvec_iter in = from->bi_iter, out = to->bi_iter;

	while (in.bi_size) {
		struct bio_vec src = bio_iter_iovec(from, in), dst = bio_iter_iovec(to, out);
		u8 *s = bvec_kmap_local(&src), *d = bvec_kmap_local(&dst);
		const unsigned int len = min(src.bv_len, dst.bv_len);

		for (unsigned int at = 0; at < len; at += SECTOR_SIZE)
			crypt_sector(client, d + at, s + at, in.bi_sector + (at >> SECTOR_SHIFT), encrypt);
		kunmap_local(d);
		kunmap_local(s);
		bio_advance_iter(from, &in, len);
		bio_advance_iter(to, &out, len);
	}
}

static void crypt_end(struct crypt_io *io, blk_status_t status)
{
	struct bio *base = io->base;

	bio_put(&io->clone);
	base->bi_status = status;
	bio_endio(base);
}

static void crypt_write_done(struct bio *clone)
{
	struct crypt_io *io = io_of(clone);

	crypt_free_buffer(io->client, clone);
	crypt_end(io, clone->bi_status);
}

static void crypt_decrypt(struct work_struct *work)
{
	struct crypt_io *io = container_of(work, struct crypt_io, work);

	crypt_convert(io->client, io->base, io->base, false);
	crypt_end(io, BLK_STS_OK);
}

static void crypt_read_done(struct bio *clone)
{
	struct crypt_io *io = io_of(clone);

	if (clone->bi_status) {
		crypt_end(io, clone->bi_status);
		return;
	}
	INIT_WORK(&io->work, crypt_decrypt);
	queue_work(io->client->crypt_queue, &io->work);
}

static void crypt_init_io(struct crypt_client *client, struct bio *clone, struct bio *base, bio_end_io_t *done)
{
	struct crypt_io *io = io_of(clone);

	io->client = client;
	io->base = base;
	clone->bi_end_io = done;
	clone->bi_iter.bi_sector = base->bi_iter.bi_sector;
}

/* Writes are encrypted by whoever submits them, reads are decrypted by the queue's threads. */
static int crypt_map(struct dm_target *target, struct bio *base)
{
	struct crypt_client *client = target->private;
	struct bio *clone;

	if (base->bi_iter.bi_size % SECTOR_SIZE || base->bi_iter.bi_size > BIO_MAX_VECS * PAGE_SIZE)
		return -EINVAL;
	if (bio_data_dir(base)) {
		clone = crypt_get_buffer(client, base);
		crypt_init_io(client, clone, base, crypt_write_done);
		crypt_convert(client, clone, base, true);
	} else {
		clone = bio_alloc_clone(client->dev->bdev, base, GFP_NOIO, &client->bs);
		crypt_init_io(client, clone, base, crypt_read_done);
	}
	submit_bio_noacct(clone);
	return DM_MAPIO_SUBMITTED;
}

static void crypt_dtr(struct dm_target *target)
{
	struct crypt_client *client = target->private;

	if (client->crypt_queue)
		destroy_workqueue(client->crypt_queue);
	mempool_exit(&client->page_pool);
	bioset_exit(&client->bs);
	WARN_ON(percpu_counter_sum(&client->pages_held) != 0);
	percpu_counter_destroy(&client->pages_held);
	if (!IS_ERR_OR_NULL(client->data_key))
		crypto_free_cipher(client->data_key);
	if (!IS_ERR_OR_NULL(client->tweak_key))
		crypto_free_cipher(client->tweak_key);
	if (client->dev)
		dm_put_device(target, client->dev);
	mutex_destroy(&client->slow_path);
	kfree_sensitive(client);
}

static int crypt_set_keys(struct crypt_client *client, const char *hex)
{
	u8 key[KEY_BYTES];
	int rc = -EINVAL;

	if (strlen(hex) != 2 * KEY_BYTES)
		return -EINVAL;
	for (unsigned int i = 0; i < KEY_BYTES; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			goto out;
		key[i] = (u8)byte;
	}
	client->data_key = crypto_alloc_cipher("aes", 0, 0);
	client->tweak_key = crypto_alloc_cipher("aes", 0, 0);
	rc = IS_ERR(client->data_key) || IS_ERR(client->tweak_key) ? -ENOMEM : 0;
	if (!rc)
		rc = crypto_cipher_setkey(client->data_key, key, KEY_BYTES / 2);
	if (!rc)
		rc = crypto_cipher_setkey(client->tweak_key, key + KEY_BYTES / 2, KEY_BYTES / 2);
out:
	memzero_explicit(key, sizeof(key));
	return rc;
}

/* <key as hex digits> <path of the lower device> <pages that it may hold> */
static int crypt_ctr(struct dm_target *target, unsigned int argc, char **argv)
{
	struct crypt_client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	unsigned int limit;
	int rc = -EINVAL;

	target->error = "wrong arguments";
	if (!client)
		return -ENOMEM;
	target->private = client;
	mutex_init(&client->slow_path);
	if (percpu_counter_init(&client->pages_held, 0, GFP_KERNEL) || argc != 3 || sscanf(argv[2], "%u", &limit) != 1)
		goto bad;
	client->page_limit = limit;
	target->error = "no keys";
	rc = crypt_set_keys(client, argv[0]);
	if (rc)
		goto bad;
	target->error = "no memory for pools";
	rc = bioset_init(&client->bs, 16, offsetof(struct crypt_io, clone), BIOSET_NEED_BVECS);
	if (rc)
		goto bad;
	rc = mempool_init_pages_bulk(&client->page_pool, BIO_MAX_VECS, crypt_alloc_pages, crypt_free_page, client);
	if (rc)
		goto bad;
	percpu_counter_set(&client->pages_held, BIO_MAX_VECS); /* the reserve came from the allocator itself */
	rc = -ENOMEM;
	client->crypt_queue = alloc_workqueue("crypt/%s", WQ_MEM_RECLAIM | WQ_CPU_INTENSIVE, 2, argv[1]);
	if (!client->crypt_queue)
		goto bad;
	target->error = "no such device";
	rc = dm_get_device(target, argv[1], 0, &client->dev);
	if (!rc)
		return 0;
bad:
	crypt_dtr(target);
	return rc;
}

static void crypt_status(struct dm_target *target, enum status_type type, unsigned int flags, char *result, unsigned int maxlen)
{
	struct crypt_client *client = target->private;

	scnprintf(result, maxlen, "%lld %d %d", (long long)percpu_counter_sum(&client->pages_held),
		  atomic_read(&client->refusals), atomic_read(&client->retries));
	(void)type;
	(void)flags;
}

static struct target_type crypt_target = {
	.name = "crypt",
	.ctr = crypt_ctr,
	.dtr = crypt_dtr,
	.map = crypt_map,
	.status = crypt_status,
};

static int __init crypt_init(void)
{
	return dm_register_target(&crypt_target);
}

static void __exit crypt_exit(void)
{
	dm_unregister_target(&crypt_target);
}

module_init(crypt_init);
module_exit(crypt_exit);
MODULE_DESCRIPTION("an encrypting target");
MODULE_LICENSE("Dual MIT/GPL");
