/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asm/byteorder.h: the kernel's short names for byte orders; goes on with the system's header. */
#ifndef MEMPOOL_BULK_ASM_BYTEORDER_H
#define MEMPOOL_BULK_ASM_BYTEORDER_H

#if __has_include_next(<asm/byteorder.h>)
#include_next <asm/byteorder.h>
#endif

#define cpu_to_le16(x) __cpu_to_le16(x)
#define cpu_to_le32(x) __cpu_to_le32(x)
#define cpu_to_le64(x) __cpu_to_le64(x)
#define cpu_to_be16(x) __cpu_to_be16(x)
#define cpu_to_be32(x) __cpu_to_be32(x)
#define cpu_to_be64(x) __cpu_to_be64(x)
#define le16_to_cpu(x) __le16_to_cpu(x)
#define le32_to_cpu(x) __le32_to_cpu(x)
#define le64_to_cpu(x) __le64_to_cpu(x)
#define be16_to_cpu(x) __be16_to_cpu(x)
#define be32_to_cpu(x) __be32_to_cpu(x)
#define be64_to_cpu(x) __be64_to_cpu(x)

#endif
