/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/kmalloc.h: kmalloc and kvmalloc: what linux/slab.h, mm.h and vmalloc.h share. All is malloc's
 * memory, so kfree, kvfree and vfree are one. Nothing here waits but __GFP_NOFAIL, for memory.
 * A request of a power of two is aligned to it, as in the kernel. */
#ifndef MEMPOOL_BULK_DETAIL_KMALLOC_H
#define MEMPOOL_BULK_DETAIL_KMALLOC_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/types.h>
#include <malloc.h>
#include <stdlib.h>
#include "futex.h"

#define KMALLOC_MAX_SIZE (4UL << 20)
#define KMALLOC_MAX_CACHE_SIZE 8192UL
#define ARCH_KMALLOC_MINALIGN 8
#define KMALLOC_MIN_SIZE 8
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(p) ((unsigned long)(p) <= (unsigned long)ZERO_SIZE_PTR)

static inline size_t ksize(const void *object)
{
	return ZERO_OR_NULL_PTR(object) ? 0 : malloc_usable_size((void *)(uintptr_t)object);
}

static inline void kfree(const void *object)
{
	if (!ZERO_OR_NULL_PTR(object))
		free((void *)(uintptr_t)object);
}

static inline void *mpb_malloc_once(size_t size, size_t align)
{
	const bool power = (size & (size - 1)) == 0;

	if (power && size > align && size <= KMALLOC_MAX_SIZE)
		align = size;
	return align <= 16 ? malloc(size) : aligned_alloc(align, (size + align - 1) & ~(align - 1));
}

/* Zeroes what lies behind the asked-for size too: krealloc() may make it part of the object. */
static inline void mpb_zero_rest(void *object, size_t from)
{
	char *p = object;
	const size_t size = ksize(object);

	OPTIMIZER_HIDE_VAR(p);
	if (size > from)
		memset(p + from, 0, size - from);
}

static inline void *mpb_alloc(size_t size, size_t align, size_t limit, gfp_t gfp)
{
	void *object;

	if (size == 0)
		return ZERO_SIZE_PTR;
	if (size > limit)
		return NULL;
	while (!(object = mpb_malloc_once(size, align)) && gfp & __GFP_NOFAIL && gfp & __GFP_DIRECT_RECLAIM)
		mpb_sleep_ns(1000000);
	if (object && gfp & __GFP_ZERO)
		mpb_zero_rest(object, 0);
	return object;
}

static inline void *kmalloc(size_t size, gfp_t gfp) __alloc_size(1);
static inline void *kmalloc(size_t size, gfp_t gfp)
{
	return mpb_alloc(size, 16, KMALLOC_MAX_SIZE, gfp);
}

static inline void *kvmalloc(size_t size, gfp_t gfp) __alloc_size(1);
static inline void *kvmalloc(size_t size, gfp_t gfp)
{
	return mpb_alloc(size, size < PAGE_SIZE ? 16 : PAGE_SIZE, INT32_MAX, gfp);
}

/* The object grown or shrunk; it may move. With __GFP_ZERO what is new is 0. */
static inline void *mpb_realloc(const void *object, size_t size, size_t limit, gfp_t gfp)
{
	void *old = (void *)(uintptr_t)object, *grown;

	if (size == 0) {
		kfree(old);
		return ZERO_SIZE_PTR;
	}
	if (ksize(old) >= size) {
		if (gfp & __GFP_ZERO)
			mpb_zero_rest(old, size);
		return old;
	}
	grown = mpb_alloc(size, 16, limit, gfp);
	if (grown) {
		if (!ZERO_OR_NULL_PTR(old))
			memcpy(grown, old, ksize(old));
		kfree(old);
	}
	return grown;
}

static inline void *krealloc(const void *object, size_t size, gfp_t gfp) __must_check;
static inline void *krealloc(const void *object, size_t size, gfp_t gfp)
{
	return mpb_realloc(object, size, KMALLOC_MAX_SIZE, gfp);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(size_mul(n, size), gfp);
}

static inline void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *object = kmalloc(size, gfp);

	if (object && size)
		memcpy(object, from, size);
	return object;
}

static inline char *kstrdup(const char *text, gfp_t gfp)
{
	return text ? kmemdup(text, strlen(text) + 1, gfp) : NULL;
}

static inline void kfree_sensitive(const void *object)
{
	char *p = (void *)(uintptr_t)object;
	const size_t size = ksize(object);

	OPTIMIZER_HIDE_VAR(p);
	if (size)
		memzero_explicit(p, size);
	kfree(object);
}

#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kcalloc(n, size, gfp) kmalloc_array(n, size, (gfp) | __GFP_ZERO)
#define kmalloc_node(size, gfp, node) ((void)(node), kmalloc(size, gfp))
#define kzalloc_node(size, gfp, node) ((void)(node), kzalloc(size, gfp))
#define kcalloc_node(n, size, gfp, node) ((void)(node), kcalloc(n, size, gfp))
#define kmalloc_array_node(n, size, gfp, node) ((void)(node), kmalloc_array(n, size, gfp))
#define krealloc_array(p, n, size, gfp) krealloc(p, size_mul(n, size), gfp)
#define kzfree(p) kfree_sensitive(p)
#define kvzalloc(size, gfp) kvmalloc(size, (gfp) | __GFP_ZERO)
#define kvmalloc_node(size, gfp, node) ((void)(node), kvmalloc(size, gfp))
#define kvzalloc_node(size, gfp, node) ((void)(node), kvzalloc(size, gfp))
#define kvmalloc_array(n, size, gfp) kvmalloc(size_mul(n, size), gfp)
#define kvcalloc(n, size, gfp) kvzalloc(size_mul(n, size), gfp)
#define kvrealloc(p, size, gfp) mpb_realloc(p, size, INT32_MAX, gfp)
#define kvfree(p) kfree(p)
#define kvfree_sensitive(p, size) ((void)(size), kfree_sensitive(p))

#endif
