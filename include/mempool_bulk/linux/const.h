/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/const.h: constants for C and assembler. */
#ifndef MEMPOOL_BULK_LINUX_CONST_H
#define MEMPOOL_BULK_LINUX_CONST_H

#if __has_include_next(<linux/const.h>)
#include_next <linux/const.h>
#endif

#ifndef UL
#define UL(x) (_UL(x))
#define ULL(x) (_ULL(x))
#endif

#endif
