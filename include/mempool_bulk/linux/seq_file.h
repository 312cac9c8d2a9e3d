/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/seq_file.h: for declarations of functions that show something. */
#ifndef MEMPOOL_BULK_LINUX_SEQ_FILE_H
#define MEMPOOL_BULK_LINUX_SEQ_FILE_H

#include <linux/fs.h>

struct seq_file;
struct seq_operations;

#endif
