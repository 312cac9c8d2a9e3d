/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/lz4.h: the kernel's LZ4, which gets its working memory from the caller, on liblz4. */
#ifndef EXAMPLE_LINUX_LZ4_H
#define EXAMPLE_LINUX_LZ4_H

#include <lz4.h>

#define LZ4_MEM_COMPRESS ((size_t)LZ4_sizeofState())
#define LZ4_compress_default(from, to, from_size, to_size, working_memory) \
	LZ4_compress_fast_extState(working_memory, from, to, from_size, to_size, 1)

#endif
