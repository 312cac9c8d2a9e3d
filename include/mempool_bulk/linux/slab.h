/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/slab.h: kmalloc and slab caches on the C library's malloc. */
#ifndef MEMPOOL_BULK_LINUX_SLAB_H
#define MEMPOOL_BULK_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include "../detail/kmalloc.h"
#include <linux/workqueue.h>

#define SLAB_HWCACHE_ALIGN 0x2000u
#define SLAB_PANIC 0x40000u
#define SLAB_RECLAIM_ACCOUNT 0x20000u
#define SLAB_MEM_SPREAD 0u
#define SLAB_ACCOUNT 0u
#define SLAB_NO_MERGE 0u
#define SLAB_POISON 0u
#define SLAB_CONSISTENCY_CHECKS 0u
#define SLAB_RED_ZONE 0u
#define SLAB_STORE_USER 0u
#define SLAB_TYPESAFE_BY_RCU 0x80000u

struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset;
	unsigned int usersize;
	unsigned int freeptr_offset;
	bool use_freeptr_offset;
	void (*ctor)(void *object);
};

/* With SLAB_PANIC a cache that can't be had ends the program. */
static inline struct kmem_cache *mpb_cache_create(const char *name, unsigned int size, unsigned int align,
						  slab_flags_t flags, void (*ctor)(void *object))
{
	const unsigned int line = flags & SLAB_HWCACHE_ALIGN && size > 32 ? 64 : 0;
	struct kmem_cache *cache = (kmem_cache_create)(name, size, align > line ? align : line, flags, ctor);

	BUG_ON(!cache && flags & SLAB_PANIC);
	return cache;
}

static inline struct kmem_cache *mpb_cache_create_args(const char *name, unsigned int size,
						       const struct kmem_cache_args *args, slab_flags_t flags)
{
	return mpb_cache_create(name, size, args ? args->align : 0, flags, args ? args->ctor : NULL);
}

/* (name, size, align, flags, ctor), or since 6.12 (name, size, args, flags). */
#define MPB_CACHE_PICK(a, b, c, d, e, function, ...) function
#define kmem_cache_create(...) \
	MPB_CACHE_PICK(__VA_ARGS__, mpb_cache_create, mpb_cache_create_args, 0, 0, 0)(__VA_ARGS__)
#define kmem_cache_create_usercopy(name, size, align, flags, offset, length, ctor)                 \
	((void)(offset), (void)(length), mpb_cache_create(name, size, align, flags, ctor))
#define KMEM_CACHE(type, flags) \
	mpb_cache_create(#type, (unsigned int)sizeof(struct type), (unsigned int)__alignof__(struct type), flags, NULL)
#define kmem_cache_alloc_node(cache, gfp, node) ((void)(node), kmem_cache_alloc(cache, gfp))

static inline int kmem_cache_shrink(struct kmem_cache *cache)
{
	(void)cache;
	return 0;
}

static inline void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	while (nr > 0)
		kmem_cache_free(cache, objects[--nr]);
}

/* All or nothing: nr, or 0. */
static inline int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	for (size_t n = 0; n < nr; n++) {
		objects[n] = kmem_cache_alloc(cache, gfp);
		if (!objects[n]) {
			kmem_cache_free_bulk(cache, n, objects);
			return 0;
		}
	}
	return (int)nr;
}

#endif
