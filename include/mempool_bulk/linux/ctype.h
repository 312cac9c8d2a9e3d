/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/ctype.h: kinds of characters, as the C library has them. */
#ifndef MEMPOOL_BULK_LINUX_CTYPE_H
#define MEMPOOL_BULK_LINUX_CTYPE_H

#include <ctype.h>

#endif
