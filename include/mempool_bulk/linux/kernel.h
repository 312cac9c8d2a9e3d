/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/kernel.h: what kernel code takes for granted, through the headers that have it. */
#ifndef MEMPOOL_BULK_LINUX_KERNEL_H
#define MEMPOOL_BULK_LINUX_KERNEL_H

#if __has_include_next(<linux/kernel.h>)
#include_next <linux/kernel.h>
#endif
#include <asm/byteorder.h>
#include <limits.h>
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define U8_MAX UINT8_MAX
#define S8_MAX INT8_MAX
#define U16_MAX UINT16_MAX
#define S16_MAX INT16_MAX
#define U32_MAX UINT32_MAX
#define S32_MAX INT32_MAX
#define U64_MAX ((u64)UINT64_MAX)
#define S64_MAX ((s64)INT64_MAX)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define PTR_IF(cond, ptr) ((cond) ? (ptr) : NULL)
#define IS_ENABLED(option) 0
#define IS_BUILTIN(option) 0

#define might_sleep() ((void)0)
#define might_sleep_if(cond) ((void)sizeof(!(cond)))
#define cant_sleep() ((void)0)

static inline __cold __noreturn void panic(const char *format, ...) __printf(1, 2);
static inline __cold __noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(format, args);
	va_end(args);
	abort();
}

static inline int scnprintf(char *buf, size_t size, const char *format, ...) __printf(3, 4);
static inline int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	return size == 0 ? 0 : n < (int)size ? n : (int)size - 1;
}

#endif
