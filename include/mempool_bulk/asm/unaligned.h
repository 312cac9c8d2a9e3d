/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asm/unaligned.h: where linux/unaligned.h was before 6.12. */
#ifndef MEMPOOL_BULK_ASM_UNALIGNED_H
#define MEMPOOL_BULK_ASM_UNALIGNED_H

#include <linux/unaligned.h>

#endif
