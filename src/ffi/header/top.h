/*
 * mempool_bulk.h: the Linux kernel's memory pools and page bulk allocator for ordinary processes.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Generated; the sources are in src/ffi. Rules that hold for every function:
 *  - All functions may be called from any thread at once, unless said otherwise.
 *  - A call that takes a mask may sleep, or take pages from the system, only if that has
 *    __GFP_DIRECT_RECLAIM. The very first use is an exception: it sets the allocator up with any mask.
 *  - No lock of the library is held while a function of the user's runs.
 *  - Errors are negative errno values.
 *  - Before including, MEMPOOL_BULK_NO_GFP, _NO_PAGE, _NO_SLAB, _NO_KVMALLOC and _NO_LIST leave groups
 *    of names out (with _NO_LIST but not _NO_PAGE, define your struct list_head
 *    first); MEMPOOL_BULK_FOREIGN_PAGES lets virt_to_page() and page_address() pass pointers
 *    that are no pages of this library through as themselves.
 */
#ifndef MEMPOOL_BULK_H
#define MEMPOOL_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct page;
struct kmem_cache;
struct list_head;
struct timespec;
struct iovec;

typedef unsigned int gfp_t;

#ifndef MEMPOOL_BULK_NO_GFP
#define __GFP_DMA            0x1u
#define __GFP_HIGHMEM        0x2u
#define __GFP_DMA32          0x4u
#define __GFP_MOVABLE        0x8u
#define __GFP_RECLAIMABLE    0x10u
#define __GFP_HIGH           0x20u
#define __GFP_IO             0x40u
#define __GFP_FS             0x80u
#define __GFP_ZERO           0x100u
#define __GFP_ATOMIC         0x200u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_KSWAPD_RECLAIM 0x800u
#define __GFP_WRITE          0x1000u
#define __GFP_NOWARN         0x2000u
#define __GFP_RETRY_MAYFAIL  0x4000u
#define __GFP_NOFAIL         0x8000u
#define __GFP_NORETRY        0x10000u
#define __GFP_MEMALLOC       0x20000u
#define __GFP_COMP           0x40000u
#define __GFP_NOMEMALLOC     0x80000u
#define __GFP_HARDWALL       0x100000u
#define __GFP_THISNODE       0x200000u
#define __GFP_ACCOUNT        0x400000u
#define __GFP_RECLAIM        (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC           (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL           (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT           (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_NOIO             (__GFP_RECLAIM)
#define GFP_NOFS             (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER             (GFP_KERNEL | __GFP_HARDWALL)
#define GFP_DMA              __GFP_DMA
#define GFP_DMA32            __GFP_DMA32
#define GFP_HIGHUSER         (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_TRANSHUGE_LIGHT  ((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)
#define GFP_TRANSHUGE        (GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)

static inline bool gfpflags_allow_blocking(const gfp_t gfp_flags)
{
	return (gfp_flags & __GFP_DIRECT_RECLAIM) != 0u;
}
#endif

#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif

#ifndef MEMPOOL_BULK_NO_PAGE
#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif
#define MAX_PAGE_ORDER 10
#define PAGE_ALLOC_COSTLY_ORDER 3
#endif

#ifndef MEMPOOL_BULK_NO_LIST
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#ifndef LIST_HEAD /* <sys/queue.h> has one of its own */
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#endif

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}
#endif

#ifndef MEMPOOL_BULK_NO_PAGE
/* One for each page. flags, private and mapping are 0 after allocation; use the functions to change
 * them. lru is the holder's to link the page with. 64 bytes. */
struct page {
	unsigned long flags;
	struct list_head lru;
	void *mapping;
	unsigned long index;
#ifdef __cplusplus
	unsigned long private_;
#else
	unsigned long private;
#endif
	int _mapcount;
	int _refcount;
	unsigned long reserved;
}
#if defined(__GNUC__)
__attribute__((aligned(64)))
#endif
;
#endif

typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);
typedef void (mempool_free_t)(void *element, void *pool_data);
typedef unsigned int (mempool_alloc_pages_bulk_t)(gfp_t gfp_mask, unsigned int nr, void *pool_data,
						  struct page **page_array,
						  void (*cb)(struct page *page, void *data), void *data);

typedef void (mempool_bulk_ctor_t)(void *object);

/* A pool. Valid when zeroed: then it is uninitialised. May be embedded, and moved by assignment while
 * nobody uses it. min_nr, curr_nr, elements, pool_data, alloc and free may be looked at. 256 bytes. */
#define mempool_s mempool
typedef struct mempool {
	unsigned int lock;
	int min_nr;
	int curr_nr;
	unsigned int kind;
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	mempool_alloc_pages_bulk_t *alloc_pages_bulk;
	struct {
		unsigned int waiters;
		unsigned int warned;
	} wait;
	uint64_t counters[6];
	unsigned int room[36];
} mempool_t;

