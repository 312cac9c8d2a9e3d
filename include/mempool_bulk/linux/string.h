/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/string.h: the C library's, and the names that only the kernel has. */
#ifndef MEMPOOL_BULK_LINUX_STRING_H
#define MEMPOOL_BULK_LINUX_STRING_H

#if __has_include_next(<linux/string.h>)
#include_next <linux/string.h>
#endif
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <string.h>

static inline void memzero_explicit(void *to, size_t n)
{
	memset(to, 0, n);
	barrier_data(to);
}

/* The length copied, or -E2BIG when the text had to be cut; to always ends with 0. */
static inline ssize_t mpb_strscpy(char *to, const char *from, size_t size)
{
	size_t n = 0;

	if (size == 0)
		return -E2BIG;
	for (; n < size - 1; n++) {
		to[n] = from[n];
		if (!from[n])
			return (ssize_t)n;
	}
	to[n] = 0;
	return from[n] ? -E2BIG : (ssize_t)n;
}
#define MPB_STRSCPY(to, from, size, ...) mpb_strscpy(to, from, size)
#define strscpy(to, ...) MPB_STRSCPY(to, __VA_ARGS__, sizeof(to), 0)

static inline ssize_t strscpy_pad(char *to, const char *from, size_t size)
{
	memset(to, 0, size);
	return mpb_strscpy(to, from, size);
}

static inline size_t mpb_strlcpy(char *to, const char *from, size_t size)
{
	mpb_strscpy(to, from, size);
	return strlen(from);
}
#ifndef strlcpy
#define strlcpy(to, from, size) mpb_strlcpy(to, from, size)
#endif

/* The first byte that is not c, or NULL. */
static inline void *memchr_inv(const void *from, int c, size_t n)
{
	const unsigned char *p = from;

	for (; n > 0; n--, p++)
		if (*p != (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

static inline bool mem_is_zero(const void *from, size_t n)
{
	return !memchr_inv(from, 0, n);
}

#define kbasename(path) (strrchr(path, '/') ? strrchr(path, '/') + 1 : (path))
#define str_has_prefix(text, prefix) (strncmp(text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0)

#endif
