/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/fs.h: files by the kernel's functions; files.c carries them out. Goes on with the library's. */
#ifndef EXAMPLE_LINUX_FS_H
#define EXAMPLE_LINUX_FS_H

#include_next <linux/fs.h>
#include <fcntl.h>
#include <linux/uio.h>

#ifndef O_DIRECT /* the C library shows it only on demand */
#define O_DIRECT __O_DIRECT
#endif

struct file *filp_open(const char *name, int flags, umode_t mode);
int filp_close(struct file *file, void *id);
ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos);
ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos);
ssize_t vfs_iter_read(struct file *file, struct iov_iter *iter, loff_t *pos, int flags);
ssize_t vfs_iter_write(struct file *file, struct iov_iter *iter, loff_t *pos, int flags);
int vfs_fsync(struct file *file, int datasync);

#endif
