/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/mempolicy.h: memory policies: the system applies the process's to all pages alike. */
#ifndef MEMPOOL_BULK_LINUX_MEMPOLICY_H
#define MEMPOOL_BULK_LINUX_MEMPOLICY_H

#if __has_include_next(<linux/mempolicy.h>)
#include_next <linux/mempolicy.h>
#endif
#include <linux/gfp.h>
#include <linux/nodemask.h>

struct mempolicy;

#endif
