// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Direct I/O for anybody's memory, written as code of the kernel: a device takes whole blocks at addresses of
 * whole pages, callers have any number of bytes anywhere. In between are pages from a pool, so that I/O
 * goes on however short memory is. The pool hands each page to a callback, which joins those whose addresses follow
 * each other: the device then sees few long pieces instead of many pages.
 *
 * The file is a disk: its size is a multiple of a block and does not change.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#define BOUNCE_PAGES 64u /* of one piece of I/O */
#define BOUNCE_BYTES (BOUNCE_PAGES * PAGE_SIZE)

static mempool_t bounce_pool;
atomic64_t bounce_pages, bounce_runs; /* how many pages went in how many pieces */

struct bounce {
	struct page *pages[BOUNCE_PAGES];
	struct bio_vec runs[BOUNCE_PAGES];
	unsigned int nr_pages, nr_runs;
	loff_t start; /* of the first page, in the file */
};

static void bounce_add_page(struct page *page, void *data)
{
	struct bounce *bounce = data;
	struct bio_vec *last = bounce->nr_runs > 0 ? &bounce->runs[bounce->nr_runs - 1] : NULL;

	bounce->pages[bounce->nr_pages++] = page;
	if (last && page_address(page) == (char *)page_address(last->bv_page) + last->bv_len)
		last->bv_len += PAGE_SIZE;
	else
		bvec_set_page(&bounce->runs[bounce->nr_runs++], page, PAGE_SIZE, 0);
}

/* Pages for the blocks that hold `bytes` at pos; never fails. */
static void bounce_get(struct bounce *bounce, loff_t pos, size_t bytes)
{
	const unsigned int nr = (unsigned int)(PFN_UP((u64)pos + bytes) - PFN_DOWN((u64)pos));

	bounce->nr_pages = bounce->nr_runs = 0;
	bounce->start = round_down(pos, (loff_t)PAGE_SIZE);
	BUG_ON(!mempool_alloc_pages_bulk_cb(&bounce_pool, GFP_NOIO, nr, bounce_add_page, bounce));
	atomic64_add(nr, &bounce_pages);
	atomic64_add(bounce->nr_runs, &bounce_runs);
}

/* In the order of their addresses, in which the next request then gets them. */
static void bounce_put(struct bounce *bounce)
{
	for (unsigned int i = 0; i < bounce->nr_pages; i++)
		mempool_free(bounce->pages[i], &bounce_pool);
}

/* All blocks, to or from the disk. */
static int bounce_transfer(struct bounce *bounce, struct file *file, unsigned int direction)
{
	const size_t bytes = bounce->nr_pages * PAGE_SIZE;
	struct iov_iter iter;
	loff_t pos = bounce->start;
	ssize_t n;

	iov_iter_bvec(&iter, direction, bounce->runs, bounce->nr_runs, bytes);
	if (direction == ITER_DEST)
		n = vfs_iter_read(file, &iter, &pos, 0);
	else
		n = vfs_iter_write(file, &iter, &pos, 0);
	return n < 0 ? (int)n : n == (ssize_t)bytes ? 0 : -EIO;
}

/* One block, for what a write leaves of it. */
static int bounce_read_block(struct bounce *bounce, struct file *file, unsigned int i)
{
	loff_t pos = bounce->start + (loff_t)(i * PAGE_SIZE);
	const ssize_t n = kernel_read(file, page_address(bounce->pages[i]), PAGE_SIZE, &pos);

	return n < 0 ? (int)n : n == (ssize_t)PAGE_SIZE ? 0 : -EIO;
}

/* Copies between the caller's memory and the pages, from pos on. */
static int bounce_copy(struct bounce *bounce, char *buf, loff_t pos, size_t bytes, bool to_pages)
{
	unsigned long bad = 0;

	while (bytes > 0 && !bad) {
		const size_t at = (size_t)(pos - bounce->start), offset = offset_in_page(at);
		const size_t len = min(bytes, PAGE_SIZE - offset);
		char *p = (char *)kmap_local_page(bounce->pages[PFN_DOWN(at)]) + offset;

		bad = to_pages ? copy_from_user(p, buf, len) : copy_to_user(buf, p, len);
		kunmap_local(p);
		buf += len;
		pos += (loff_t)len;
		bytes -= len;
	}
	return bad ? -EFAULT : 0;
}

static int bounce_read_piece(struct bounce *bounce, struct file *file, char *buf, size_t bytes, loff_t pos)
{
	const int rc = bounce_transfer(bounce, file, ITER_DEST);

	return rc ? rc : bounce_copy(bounce, buf, pos, bytes, false);
}

/* The first and the last block are read before, if they are not overwritten whole. */
static int bounce_write_piece(struct bounce *bounce, struct file *file, char *buf, size_t bytes, loff_t pos)
{
	const unsigned int last = bounce->nr_pages - 1;
	const bool head = offset_in_page(pos) != 0, tail = offset_in_page((u64)pos + bytes) != 0;
	int rc = 0;

	if (head || (tail && last == 0))
		rc = bounce_read_block(bounce, file, 0);
	if (!rc && tail && last > 0)
		rc = bounce_read_block(bounce, file, last);
	if (!rc)
		rc = bounce_copy(bounce, buf, pos, bytes, true);
	return rc ? rc : bounce_transfer(bounce, file, ITER_SOURCE);
}

static int bounce_io(struct file *file, char *buf, size_t bytes, loff_t pos, bool write)
{
	struct bounce *bounce = kmalloc(sizeof(*bounce), GFP_NOIO);
	int rc = 0;

	if (!bounce)
		return -ENOMEM;
	while (bytes > 0 && !rc) {
		const size_t len = min(bytes, BOUNCE_BYTES - offset_in_page(pos));

		bounce_get(bounce, pos, len);
		rc = write ? bounce_write_piece(bounce, file, buf, len, pos) : bounce_read_piece(bounce, file, buf, len, pos);
		bounce_put(bounce);
		buf += len;
		pos += (loff_t)len;
		bytes -= len;
	}
	kfree(bounce);
	return rc;
}

/* 0 or an error. Two writes of one block at a time are the caller's to keep apart. */
int bounce_read(struct file *file, void *buf, size_t bytes, loff_t pos)
{
	return bounce_io(file, buf, bytes, pos, false);
}

int bounce_write(struct file *file, const void *buf, size_t bytes, loff_t pos)
{
	return bounce_io(file, (char *)(uintptr_t)buf, bytes, pos, true);
}

static int __init bounce_init(void)
{
	return mempool_init_pages_bulk(&bounce_pool, BOUNCE_PAGES, NULL, NULL, NULL);
}

static void __exit bounce_exit(void)
{
	mempool_exit(&bounce_pool);
}

module_init(bounce_init);
module_exit(bounce_exit);
EXPORT_SYMBOL(bounce_read);
EXPORT_SYMBOL(bounce_write);
MODULE_LICENSE("Dual MIT/GPL");
