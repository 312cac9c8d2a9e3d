/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/errno.h: error numbers, those that the kernel keeps to itself included. */
#ifndef MEMPOOL_BULK_LINUX_ERRNO_H
#define MEMPOOL_BULK_LINUX_ERRNO_H

#if __has_include_next(<linux/errno.h>)
#include_next <linux/errno.h>
#endif

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517
#define EOPENSTALE 518
#ifndef ENOTSUPP /* newer C libraries bring it */
#define ENOTSUPP 524
#endif
#define EBADHANDLE 521
#define EIOCBQUEUED 529

#endif
