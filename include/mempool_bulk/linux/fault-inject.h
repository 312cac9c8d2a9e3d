/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/fault-inject.h: attributes of failures on purpose; the library has its own way to set them. */
#ifndef MEMPOOL_BULK_LINUX_FAULT_INJECT_H
#define MEMPOOL_BULK_LINUX_FAULT_INJECT_H

#include <linux/types.h>

struct fault_attr {
	unsigned long probability, interval;
	long times;
};

#define DECLARE_FAULT_ATTR(name) struct fault_attr name = { 0, 1, 1 }
#define should_fail(attr, size) ((void)(attr), (void)(size), false)
#define should_fail_alloc_page(gfp, order) ((void)(gfp), (void)(order), false)

#endif
