// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Compressed clusters, written as code of a file system in the kernel. A cluster is up to 16 pages of a
 * file, compressed together; on the disk it is a header and the data, in whole pages. What does not shrink
 * by a page is stored as it is.
 *
 * A file system writes when memory is short, and may not fail for lack of it: the pages of the compressed
 * data come from a pool, all of a cluster's in one request.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/lz4.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define CLUSTER_PAGES 16u
#define CLUSTER_MAGIC 0x5a4c4331u

struct cluster_header {
	__le32 magic;
	__le32 bytes;    /* of the file */
	__le32 stored;   /* on the disk, without this header; equal to bytes: not compressed */
	__le32 checksum; /* of what is stored */
};

/* Room for a cluster that does not shrink, or even grows. */
#define DISK_PAGES DIV_ROUND_UP(sizeof(struct cluster_header) + LZ4_COMPRESSBOUND(CLUSTER_PAGES * PAGE_SIZE), PAGE_SIZE)

static unsigned int reserved_pages = 64;
module_param(reserved_pages, uint, 0444);
MODULE_PARM_DESC(reserved_pages, "pages kept for compressed clusters");

static mempool_t *compress_page_pool;
static struct kmem_cache *cluster_cache;

/* What one cluster needs while it is on its way. file and disk are its bytes in one piece. */
struct cluster {
	struct page *disk_pages[DISK_PAGES];
	struct bio_vec vecs[DISK_PAGES];
	char file[CLUSTER_PAGES * PAGE_SIZE];
	char disk[DISK_PAGES * PAGE_SIZE];
	u64 working_memory[]; /* LZ4's */
};

static u32 checksum_of(const char *data, size_t n)
{
	u32 sum = 0x811c9dc5;

	while (n-- > 0)
		sum = (sum ^ (u8)*data++) * 0x01000193;
	return sum;
}

static struct cluster_header *header_of(struct cluster *cluster)
{
	return (struct cluster_header *)(void *)cluster->disk;
}

/* Pages for nr pages on the disk; may sleep, does not fail. */
static void cluster_get_pages(struct cluster *cluster, unsigned int nr)
{
	memset(cluster->disk_pages, 0, sizeof(cluster->disk_pages));
	BUG_ON(!mempool_alloc_pages_bulk_array(compress_page_pool, GFP_NOFS, nr, cluster->disk_pages));
	for (unsigned int i = 0; i < nr; i++)
		bvec_set_page(&cluster->vecs[i], cluster->disk_pages[i], PAGE_SIZE, 0);
}

static void cluster_put_pages(struct cluster *cluster, unsigned int nr)
{
	while (nr-- > 0)
		mempool_free(cluster->disk_pages[nr], compress_page_pool);
}

/* Compresses cluster->file into cluster->disk; how many pages that is. */
static unsigned int cluster_compress(struct cluster *cluster, unsigned int bytes)
{
	struct cluster_header *header = header_of(cluster);
	char *data = cluster->disk + sizeof(*header);
	const size_t room = sizeof(cluster->disk) - sizeof(*header);
	int stored = LZ4_compress_default(cluster->file, data, (int)bytes, (int)room, cluster->working_memory);
	unsigned int pages;

	if (stored <= 0 || (size_t)stored + PAGE_SIZE > bytes) {
		memcpy(data, cluster->file, bytes);
		stored = (int)bytes;
	}
	header->magic = cpu_to_le32(CLUSTER_MAGIC);
	header->bytes = cpu_to_le32(bytes);
	header->stored = cpu_to_le32((u32)stored);
	header->checksum = cpu_to_le32(checksum_of(data, (size_t)stored));
	pages = DIV_ROUND_UP((unsigned int)stored + (unsigned int)sizeof(*header), (unsigned int)PAGE_SIZE);
	memset(data + stored, 0, pages * PAGE_SIZE - sizeof(*header) - (size_t)stored);
	return pages;
}

/* Writes the bytes in pages as a cluster at *pos; the number of pages on the disk, or an error. */
int cluster_write(struct file *file, struct page **pages, unsigned int bytes, loff_t *pos)
{
	struct cluster *cluster;
	struct iov_iter iter;
	unsigned int nr;
	ssize_t n;

	if (bytes == 0 || bytes > CLUSTER_PAGES * PAGE_SIZE)
		return -EINVAL;
	cluster = kmem_cache_alloc(cluster_cache, GFP_NOFS);
	if (!cluster)
		return -ENOMEM;
	for (unsigned int at = 0; at < bytes; at += PAGE_SIZE)
		memcpy_from_page(cluster->file + at, pages[at >> PAGE_SHIFT], 0, min_t(size_t, bytes - at, PAGE_SIZE));
	nr = cluster_compress(cluster, bytes);
	cluster_get_pages(cluster, nr);
	for (unsigned int i = 0; i < nr; i++)
		memcpy_to_page(cluster->disk_pages[i], 0, cluster->disk + i * PAGE_SIZE, PAGE_SIZE);
	iov_iter_bvec(&iter, ITER_SOURCE, cluster->vecs, nr, nr * PAGE_SIZE);
	n = vfs_iter_write(file, &iter, pos, 0);
	cluster_put_pages(cluster, nr);
	kmem_cache_free(cluster_cache, cluster);
	return n < 0 ? (int)n : n == (ssize_t)(nr * PAGE_SIZE) ? (int)nr : -EIO;
}

/* Reads nr pages of the disk into cluster->disk + offset. */
static int cluster_fetch(struct cluster *cluster, struct file *file, unsigned int first, unsigned int nr, loff_t *pos)
{
	struct iov_iter iter;
	ssize_t n;

	cluster_get_pages(cluster, nr);
	iov_iter_bvec(&iter, ITER_DEST, cluster->vecs, nr, nr * PAGE_SIZE);
	n = vfs_iter_read(file, &iter, pos, 0);
	for (unsigned int i = 0; i < nr; i++)
		memcpy_from_page(cluster->disk + (first + i) * PAGE_SIZE, cluster->disk_pages[i], 0, PAGE_SIZE);
	cluster_put_pages(cluster, nr);
	return n < 0 ? (int)n : n == (ssize_t)(nr * PAGE_SIZE) ? 0 : -ENODATA;
}

/* Nothing in the header is believed before it was looked at: a disk may hold anything. */
static int cluster_unpack(struct cluster *cluster, struct file *file, loff_t *pos)
{
	const struct cluster_header *header = header_of(cluster);
	const char *data = cluster->disk + sizeof(*header);
	const u32 bytes = le32_to_cpu(header->bytes), stored = le32_to_cpu(header->stored);
	unsigned int nr;
	int rc = 0;

	if (le32_to_cpu(header->magic) != CLUSTER_MAGIC || bytes == 0 || bytes > CLUSTER_PAGES * PAGE_SIZE ||
	    stored == 0 || stored > bytes)
		return -EBADMSG;
	nr = DIV_ROUND_UP(stored + (unsigned int)sizeof(*header), (unsigned int)PAGE_SIZE);
	if (nr > 1)
		rc = cluster_fetch(cluster, file, 1, nr - 1, pos);
	if (rc)
		return rc;
	if (checksum_of(data, stored) != le32_to_cpu(header->checksum))
		return -EBADMSG;
	if (stored == bytes)
		memcpy(cluster->file, data, bytes);
	else if (LZ4_decompress_safe(data, cluster->file, (int)stored, (int)bytes) != (int)bytes)
		return -EBADMSG;
	return (int)bytes;
}

/* Reads the cluster at *pos into pages; the number of bytes, or an error. */
int cluster_read(struct file *file, struct page **pages, loff_t *pos)
{
	struct cluster *cluster = kmem_cache_alloc(cluster_cache, GFP_NOFS);
	int rc;

	if (!cluster)
		return -ENOMEM;
	rc = cluster_fetch(cluster, file, 0, 1, pos);
	if (!rc)
		rc = cluster_unpack(cluster, file, pos);
	for (int at = 0; at < rc; at += (int)PAGE_SIZE) {
		struct page *page = pages[at >> PAGE_SHIFT];
		const size_t len = min_t(size_t, (size_t)(rc - at), PAGE_SIZE);

		memcpy_to_page(page, 0, cluster->file + at, len);
		zero_user_segment(page, (unsigned int)len, PAGE_SIZE);
		SetPageUptodate(page);
	}
	kmem_cache_free(cluster_cache, cluster);
	return rc;
}

static int __init compress_init(void)
{
	cluster_cache = kmem_cache_create("cluster", (unsigned int)struct_size_t(struct cluster, working_memory, LZ4_MEM_COMPRESS / 8 + 1),
					  0, SLAB_RECLAIM_ACCOUNT, NULL);
	compress_page_pool = mempool_create_page_pool((int)reserved_pages, 0);
	return cluster_cache && compress_page_pool ? 0 : -ENOMEM;
}

static void __exit compress_exit(void)
{
	mempool_destroy(compress_page_pool);
	kmem_cache_destroy(cluster_cache);
}

module_init(compress_init);
module_exit(compress_exit);
EXPORT_SYMBOL_GPL(cluster_write);
EXPORT_SYMBOL_GPL(cluster_read);
MODULE_LICENSE("Dual MIT/GPL");
