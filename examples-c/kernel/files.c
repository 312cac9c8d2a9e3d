/*
 * The kernel's file functions that the examples use, on those of the C library. Errors are negative numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/fs.h>

struct file {
	int fd;
};

struct file *filp_open(const char *name, int flags, umode_t mode)
{
	struct file *file = malloc(sizeof(*file));
	const int fd = file ? open(name, flags, mode) : -1;

	if (fd < 0) {
		const int error = file ? errno : ENOMEM;

		free(file);
		return ERR_PTR(-error);
	}
	file->fd = fd;
	return file;
}

int filp_close(struct file *file, void *id)
{
	const int rc = close(file->fd);

	(void)id;
	free(file);
	return rc ? -errno : 0;
}

static ssize_t moved(ssize_t n, loff_t *pos)
{
	if (n < 0)
		return -errno;
	*pos += n;
	return n;
}

ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos)
{
	return moved(pread(file->fd, buf, count, *pos), pos);
}

ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos)
{
	return moved(pwrite(file->fd, buf, count, *pos), pos);
}

static int to_iovec(const struct iov_iter *iter, struct iovec *iov)
{
	size_t left = iter->count;
	int n = 0;

	for (; n < (int)iter->nr_segs && n < IOV_MAX && left > 0; n++) {
		iov[n].iov_base = bvec_kmap_local(&iter->bvec[n]);
		iov[n].iov_len = min_t(size_t, iter->bvec[n].bv_len, left);
		left -= iov[n].iov_len;
	}
	return n;
}

ssize_t vfs_iter_read(struct file *file, struct iov_iter *iter, loff_t *pos, int flags)
{
	struct iovec iov[IOV_MAX];

	(void)flags;
	return moved(preadv(file->fd, iov, to_iovec(iter, iov), *pos), pos);
}

ssize_t vfs_iter_write(struct file *file, struct iov_iter *iter, loff_t *pos, int flags)
{
	struct iovec iov[IOV_MAX];

	(void)flags;
	return moved(pwritev(file->fd, iov, to_iovec(iter, iov), *pos), pos);
}

int vfs_fsync(struct file *file, int datasync)
{
	return (datasync ? fdatasync(file->fd) : fsync(file->fd)) ? -errno : 0;
}
