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

// Lock committed memory into RAM.
#define MEMPOOL_BULK_MLOCK (1 << 0)

// Ask for huge pages behind the committed memory.
#define MEMPOOL_BULK_HUGEPAGES (1 << 1)

// Take the memory of pages from a memfd: other mappings and processes can share it, mempool_bulk_vmap() maps
// any pages side by side, and a child of fork() sees the same bytes as its parent. Such a child may read,
// write and map pages, and drop references that are not the last; to allocate, free or trim pages is a BUG
// there and changes nothing. A child of _Fork() or clone(), which run no fork handlers, must not call the library.
#define MEMPOOL_BULK_MEMFD (1 << 2)

// Fill what lies in the reserve of a pool of this library's pages, of mempool_kmalloc(), mempool_kvmalloc() or of a
// slab cache with a pattern, and check it when it is taken out: see mempool_bulk_set_poison().
#define MEMPOOL_BULK_POISON (1 << 3)

// What a report is about.
enum mempool_bulk_report {
  // Something odd that the library could handle.
  MEMPOOL_BULK_REPORT_WARN,
  // Something that the caller can't have meant.
  MEMPOOL_BULK_REPORT_BUG,
};

// How the process-wide page allocator behaves. Zero every field you do not set.
struct mempool_bulk_config {
  // sizeof(struct mempool_bulk_config)
  size_t struct_size;
  // Most page memory ever committed, in bytes; 0: three quarters of what the machine or its memory
  // cgroup allows.
  uint64_t limit_bytes;
  // Committed at once, in bytes; 0: on demand.
  uint64_t prealloc_bytes;
  // MEMPOOL_BULK_MLOCK, MEMPOOL_BULK_HUGEPAGES, MEMPOOL_BULK_MEMFD, MEMPOOL_BULK_POISON
  uint32_t flags;
  // Preferred NUMA node or -1
  int32_t node;
  // How often a sleeper tries its allocation function again, in milliseconds; 0: 5000.
  uint32_t wait_timeout_ms;
};

// Counts of single pages. When nobody is busy, pages_allocated - pages_freed == pages_outstanding, pages
// in a pool's reserve included, and pages_outstanding + pages_free + pages_cached + pages_bad ==
// pages_committed. pages_committed is what has memory now.
struct mempool_bulk_stats {
  size_t struct_size;
  uint64_t pages_allocated;
  uint64_t pages_freed;
  uint64_t pages_outstanding;
  uint64_t pages_committed;
  uint64_t pages_free;
  uint64_t pages_cached;
  uint64_t pages_bad;
  uint64_t pages_limit;
  uint64_t commits;
  uint64_t commit_failures;
  uint64_t drains;
  uint64_t refills;
  uint64_t flushes;
  uint64_t waits;
  // Pieces of 2 MiB that were given back to the system; commits counts those that came from it.
  uint64_t decommits;
  // How often a shrinker was called.
  uint64_t scans;
};

// Counts of one pool. waits: how often a thread slept; timeouts: how often a call ended with
// -ETIMEDOUT; waiters: threads that sleep and requests that are queued now.
struct mempool_bulk_pool_stats {
  size_t struct_size;
  uint64_t min_nr;
  uint64_t curr_nr;
  uint64_t allocated;
  uint64_t freed;
  uint64_t from_reserve;
  uint64_t waits;
  uint64_t timeouts;
  uint64_t waiters;
};

// Sets the process-wide allocator up, before the first allocation. 0; -EBUSY after it; -EINVAL for
// NULL, a struct_size below 8 or above 4096, unknown flags, a limit of less than a page, a
// preallocation above the limit, a node that does not exist; -E2BIG for a longer structure of a newer
// header that uses what this library does not know. The environment (MEMPOOL_BULK_LIMIT, _PREALLOC,
// _MLOCK, _HUGEPAGES, _MEMFD, _POISON, _WAIT_MS) overrides it.
int mempool_bulk_configure(const struct mempool_bulk_config *config);

// The library's version, as "0.1.0".
const char *mempool_bulk_version(void);

// The counters of the page allocator. Set struct_size first.
void mempool_bulk_get_stats(struct mempool_bulk_stats *stats);

// The counters of one pool. Set struct_size first. Prefilled elements are not in allocated.
void mempool_bulk_get_pool_stats(const struct mempool *pool, struct mempool_bulk_pool_stats *stats);

// Writes the state of the page allocator, and of up to 64 pools at which somebody waits, for a person to
// read; 0 or a negative errno. The text is no interface and may change.
int mempool_bulk_dump(int fd);

// Sends reports to fn instead of stderr; NULL brings stderr back. fn runs with no lock of the library
// held. Without a handler a BUG aborts; with one that returns, the call that met it does nothing
// further and nothing is lost.
void mempool_bulk_set_report_handler(void (*fn)(enum mempool_bulk_report kind, const char *text, void *data),
                                     void *data);

// Sets up a pool in memory that may hold anything, with min_nr elements (one, if min_nr is 0) from
// alloc_fn(gfp_mask, pool_data). 0, -ENOMEM, or -EINVAL for a negative count or a NULL function.
int mempool_init_node(struct mempool *pool,
                      int min_nr,
                      mempool_alloc_t * alloc_fn,
                      mempool_free_t * free_fn,
                      void *pool_data,
                      gfp_t gfp_mask,
                      int _node_id);

// mempool_init_node() with GFP_KERNEL on any node; may sleep.
int mempool_init(struct mempool *pool,
                 int min_nr,
                 mempool_alloc_t * alloc_fn,
                 mempool_free_t * free_fn,
                 void *pool_data);

// The same; twin of kernels with allocation profiling.
int mempool_init_noprof(struct mempool *pool,
                        int min_nr,
                        mempool_alloc_t * alloc_fn,
                        mempool_free_t * free_fn,
                        void *pool_data);

// A new pool as mempool_init_node() sets it up; NULL on failure.
struct mempool *mempool_create_node(int min_nr,
                                    mempool_alloc_t * alloc_fn,
                                    mempool_free_t * free_fn,
                                    void *pool_data,
                                    gfp_t gfp_mask,
                                    int _nid);

// The same; twin of kernels with allocation profiling.
struct mempool *mempool_create_node_noprof(int min_nr,
                                           mempool_alloc_t * alloc_fn,
                                           mempool_free_t * free_fn,
                                           void *pool_data,
                                           gfp_t gfp_mask,
                                           int nid);

// A new pool with GFP_KERNEL; may sleep. NULL on failure.
struct mempool *mempool_create(int min_nr,
                               mempool_alloc_t * alloc_fn,
                               mempool_free_t * free_fn,
                               void *pool_data);

// Sets up a pool of single pages that come many at a time from alloc_pages_bulk_fn. The reserve is
// filled from this library's allocator, so a user who counts pages must not expect to see these.
// Both functions NULL select the library's own allocator for everything. 0, -ENOMEM or -EINVAL.
int mempool_init_pages_bulk(struct mempool *pool,
                            int min_nr,
                            mempool_alloc_pages_bulk_t * alloc_pages_bulk_fn,
                            mempool_free_t * free_fn,
                            void *pool_data);

// A new pool as mempool_init_pages_bulk() sets it up; NULL on failure.
struct mempool *mempool_create_pages_bulk(int min_nr,
                                          mempool_alloc_pages_bulk_t * alloc_pages_bulk_fn,
                                          mempool_free_t * free_fn,
                                          void *pool_data);

// Frees the reserve, last in first out, and makes the pool uninitialised. Safe on a zeroed pool and
// to repeat. Elements that users still hold are not touched; nobody may be using the pool. Threads that
// sleep in it or queued requests are a BUG: those come back empty-handed, these are dropped. A thread that is awake in a
// call on the pool just then may still touch it.
void mempool_exit(struct mempool *pool);

// mempool_exit() and frees a pool of mempool_create*(); NULL does nothing.
void mempool_destroy(struct mempool *pool);

// Changes min_nr while the pool is in use; may sleep. 0, -ENOMEM when the larger array can't be had,
// -EINVAL and a WARN for less than 1, -EINVAL and a BUG for a pool that is NULL or was never set up.
// Elements that can't be added now are added by later frees.
int mempool_resize(struct mempool *pool, int new_min_nr);

// An element. With __GFP_DIRECT_RECLAIM it sleeps until there is one and never returns NULL; without
// it tries the pool's function once, then the reserve, and never sleeps.
void *mempool_alloc(struct mempool *pool, gfp_t gfp_mask);

// The same; twin of kernels with allocation profiling.
void *mempool_alloc_noprof(struct mempool *pool, gfp_t gfp_mask);

// An element of the reserve, or NULL at once. Never calls the pool's function, never sleeps.
void *mempool_alloc_preallocated(struct mempool *pool);

// An element from the pool's function only: no reserve, no waiting, NULL with any mask.
void *mempool_alloc_noreserve(struct mempool *pool, gfp_t gfp_mask);

// Gives an element back: to the reserve while that is short, else to the pool's free function.
// Any thread may; NULL does nothing.
void mempool_free(void *element, struct mempool *pool);

// Was the pool set up and not exited?
bool mempool_initialized(struct mempool *pool);

// Does the reserve hold min_nr elements? A snapshot. So always true for min_nr 0.
bool mempool_is_saturated(struct mempool *pool);

// Fills the NULL slots of an array of nr with pages. True when all are filled; with
// __GFP_DIRECT_RECLAIM never false. After false, the pages obtained are in the array. The reserve
// gives all that is missing or nothing, so nobody sleeps holding its pages.
bool mempool_alloc_pages_bulk_array(struct mempool *pool,
                                    gfp_t gfp_mask,
                                    unsigned int nr,
                                    struct page **page_array);

// Calls cb for each of nr pages, with no lock held. True when it was called nr times; with
// __GFP_DIRECT_RECLAIM never false. Pages that cb got are the caller's, also after false.
bool mempool_alloc_pages_bulk_cb(struct mempool *pool,
                                 gfp_t gfp_mask,
                                 unsigned int nr,
                                 void (*cb)(struct page *page, void *data),
                                 void *data);

// mempool_alloc_bulk() of 6.19: fills the NULL slots of elems, sleeping until it can; then 0. -EINVAL
// for a NULL array or a pool that was never set up, or is exited meanwhile. allocated, the number of slots
// that were populated, is not needed: the slots are looked at.
int mempool_alloc_bulk_noprof(struct mempool *pool,
                              void **elems,
                              unsigned int count,
                              unsigned int _allocated);

// The same. In C the name is a macro that takes three arguments too.
int mempool_alloc_bulk(struct mempool *pool, void **elems, unsigned int count, unsigned int allocated);

// mempool_alloc_bulk() of 7.2, with three arguments: overwrites all of elems, whatever it held.
int mempool_bulk_alloc_fresh(struct mempool *pool, void **elems, unsigned int count);

// Moves elements from the front of elems into the reserve while that is short, sets their slots NULL,
// and returns how many. Never sleeps and never calls the free function: the rest is the caller's. May
// complete queued requests. Stops at a NULL slot; a bad element is reported, skipped and counted.
unsigned int mempool_free_bulk(struct mempool *pool, void **elems, unsigned int count);

// A block of 2^order pages for a pool whose pool_data is the order; a struct page pointer.
void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data);

// Frees what mempool_alloc_pages() gave.
void mempool_free_pages(void *element, void *pool_data);

// A piece of memory whose size in bytes is pool_data.
void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data);

// Frees what mempool_kmalloc() gave.
void mempool_kfree(void *element, void *_pool_data);

// A pool of blocks of 2^order pages in the caller's memory; 0 or a negative errno. May sleep.
int mempool_init_page_pool(struct mempool *pool, int min_nr, int order);

// A new pool of blocks of 2^order pages; NULL on failure. May sleep.
struct mempool *mempool_create_page_pool(int min_nr, int order);

// A pool of pieces of size bytes in the caller's memory; 0 or a negative errno. May sleep.
int mempool_init_kmalloc_pool(struct mempool *pool, int min_nr, size_t size);

// A new pool of pieces of size bytes; NULL on failure. May sleep.
struct mempool *mempool_create_kmalloc_pool(int min_nr, size_t size);

// The library's own bulk function for mempool_init_pages_bulk(): fills the NULL slots of page_array
// and returns the number of populated slots from its start, or calls cb for each page and returns
// how often. pool_data is not looked at.
unsigned int mempool_bulk_alloc_pages(gfp_t gfp,
                                      unsigned int nr,
                                      void *_pool_data,
                                      struct page **page_array,
                                      void (*cb)(struct page *page, void *data),
                                      void *data);

// The free function that goes with mempool_bulk_alloc_pages(): put_page().
void mempool_bulk_free_page(void *page, void *_pool_data);

// Gives nr elements back: the pool's reserve first, its free function for the rest. NULL entries are
// skipped, bad ones reported and skipped.
void mempool_bulk_free_pages(struct mempool *pool, struct page **pages, unsigned int nr);

// Fills buffers with the addresses of nr page-aligned 4 KiB buffers; true when all are there. Sleeps,
// and then never fails, with __GFP_DIRECT_RECLAIM. After false, what was obtained is in the array
// and the rest is NULL. For pools of this library's own pages.
bool mempool_bulk_alloc_buffers(struct mempool *pool, gfp_t gfp, unsigned int nr, void **buffers);

// Gives buffers back; NULL entries are skipped, bad ones reported and skipped.
void mempool_bulk_free_buffers(struct mempool *pool, void **buffers, unsigned int nr);

// Calls cb once for each address-contiguous run of pages, nr pages in all, with no lock held. Result
// and sleeping as mempool_alloc_pages_bulk_cb(). For pools of this library's own pages.
bool mempool_bulk_alloc_runs(struct mempool *pool,
                             gfp_t gfp,
                             unsigned int nr,
                             void (*cb)(struct page *first, unsigned int nr, void *data),
                             void *data);

// Tops the reserve up as far as gfp allows; the number of elements added. 0 and a BUG for a pool that was never set up.
int mempool_bulk_refill(struct mempool *pool,
                        gfp_t gfp);

// Describes nr pages as an iovec array, neighbours merged; the number of entries, -ENOSPC when max is
// too small, -EINVAL for a page that is not ours or a NULL array.
int mempool_bulk_pages_to_iovec(struct page *const *pages, unsigned int nr, struct iovec *iov, int max);

// The committed memory behind all pages, as ranges of bytes in address order: writes up to max of them
// and returns how many there are, also when max is 0 and regions is NULL. One range, until
// mempool_bulk_trim() makes gaps. A snapshot: a request that may sleep makes the memory grow, a trim
// takes some away. Memory that was registered with a device and then trimmed is other memory when it
// is committed again, and the device goes on using the old: register preallocated memory, which is
// never taken, or do not trim. With prealloc_bytes == limit_bytes the list never changes. Takes no
// lock and does not sleep.
int mempool_bulk_regions(struct iovec *regions, int max);

// The descriptor of the memfd behind all pages, with MEMPOOL_BULK_MEMFD; else -ENOTSUP, also when the
// system gave none, or the program has closed it. The library's own: dup() it to keep it or pass it on. A page's
// offset is its address minus the start of the first region, which never moves. The file is as large as
// the limit, and sealed so; only what mempool_bulk_regions() tells has memory, and what is trimmed and committed
// again is new memory, all zero, at the same offset, for all who have it mapped. Sets the allocator up, as
// a first allocation does.
int mempool_bulk_memfd(void);

// The mapping can't be written through.
#define MEMPOOL_BULK_VMAP_READONLY (1 << 0)

// mempool_bulk_vfree() puts the pages and gives the array to free().
#define MEMPOOL_BULK_VMAP_PUT_PAGES (1 << 1)

// One address for nr held pages, side by side in the array's order, a page any number of times. Pages whose
// addresses follow each other have one already, and get that; others, and with MEMPOOL_BULK_VMAP_READONLY all,
// are mapped a second time, which takes shared memory: NULL and one WARN without MEMPOOL_BULK_MEMFD. NULL too
// when the process may have no more address space or mappings. Takes no reference: unmap pages before you free
// them. NULL and a report for nr 0, for unknown flags, and for what is no page, or free. May sleep.
void *mempool_bulk_vmap(struct page **pages,
                        unsigned int nr,
                        unsigned int flags);

// Ends a mapping, whose pages stay as they are. addr is what mempool_bulk_vmap() returned, nr how many
// pages it was given, or -1 for however many. NULL does nothing; what is no such mapping, or was one, gets
// a WARN.
void mempool_bulk_vunmap(const void *addr, int nr);

// Ends a mapping and, if it was made with MEMPOOL_BULK_VMAP_PUT_PAGES, drops a reference of each page and frees
// the array. False when addr is NULL, or no mapping and no page's address; then it was not touched. A page's
// address that is no mapping is a BUG, and true.
bool mempool_bulk_vfree(const void *addr);

// Does addr lie inside a mapping that lives?
bool mempool_bulk_is_vmapped(const void *addr);

// The page behind an address inside a mapping; NULL and a BUG for any other.
struct page *mempool_bulk_vmapped_page(const void *addr);

// A request that may be queued. Zero the structure before its first use and set the fields; it and
// its array stay where they are while it is queued.
struct mempool_bulk_request {
  // nr slots; NULL ones are filled by the library.
  struct page **page_array;
  unsigned int nr;
  gfp_t gfp;
  // Called once when a queued request has all its pages, with no lock of the library held, by a
  // thread that is inside any call of the library, but never inside fork(). So hold no lock across such a call
  // that done takes. It may call everything, but should not sleep for elements or pages: its thread may have some
  // in hand, in the call that runs it. When it has begun, the request may be submitted again or freed. The
  // completions that its own frees make possible follow when it returns, so it must not wait for them.
  void (*done)(struct mempool_bulk_request *request);
  void *user_data;
  // The library's.
  uint64_t room[12];
};

// Fills the NULL slots of page_array as mempool_alloc_pages_bulk_array() does, but sleeps no longer
// than timeout; NULL: for ever. 0; -ETIMEDOUT, and what was obtained is in the array and the caller's;
// -EINVAL for a NULL array, an impossible time, or a pool that is NULL, was never set up, or is exited meanwhile. A mask that
// may not sleep tries once, then -ETIMEDOUT.
int mempool_bulk_alloc_pages_timeout(struct mempool *pool,
                                     gfp_t gfp,
                                     unsigned int nr,
                                     struct page **page_array,
                                     const struct timespec *timeout);

// For threads that may not sleep: 1 when the request has all its pages already (done is not called),
// 0 when it is queued. Uses gfp as a sleeping request does, except that it waits for nobody. A mask
// without __GFP_DIRECT_RECLAIM tries once: -ENOMEM when short, and what was obtained is in the array
// and the caller's. -EINVAL for NULL, for no array, or when done is missing and may be needed; with a BUG
// for a pool that was never set up and a request that is queued already, at this pool or another.
//
// A queued request is completed by whoever frees into the pool, refills or resizes it, allocates
// through it with a mask that may sleep, withdraws another request, or, in a pool of the library's own
// pages, gives pages back to the allocator. No thread of the library's waits for anything: a loop that
// goes quiet while the pool's own source may recover calls mempool_bulk_refill() now and then. So does
// one that lets requests wait while it holds elements: what is kept for an older request becomes free
// for others after a second, when somebody calls.
int mempool_bulk_submit(struct mempool *pool, struct mempool_bulk_request *request);

// Withdraws a queued request. 0: it will not complete, and what was obtained is in its array and the
// caller's. -ENOENT: it is not queued; if it was, done was called, runs now, or is about to. -EINVAL for
// NULL.
int mempool_bulk_cancel(struct mempool *pool, struct mempool_bulk_request *request);

// The scan function does I/O: it is called only for requests with __GFP_IO.
#define MEMPOOL_BULK_SHRINKER_IO (1 << 0)

// The scan function may enter a file system: it is called only for requests with __GFP_FS.
#define MEMPOOL_BULK_SHRINKER_FS (1 << 1)

// A cache of the program's that can give pages back when others find none. Zero the structure and set
// scan and flags; while it is registered it stays where it is, and the two do not change.
struct mempool_bulk_shrinker {
  // Frees about nr_pages pages of 4 KiB (32 or more), more or fewer as it suits, to the page allocator
  // or to a pool, and returns how many it freed; 0: there are none to free, or not now.
  //
  // Called by a thread that asks for pages with a mask that has __GFP_DIRECT_RECLAIM, when there are
  // none and the process may commit no more. No lock of the library is held, but the caller's are:
  // take none that a thread holds across such a request, or only if it is free. Several threads may be in
  // it at once, for one shrinker too. gfp is the mask of that request, without what
  // memalloc_noio_save() or memalloc_nofs_save() forbid.
  //
  // It may sleep as that mask allows, and call everything. Requests for pages that it makes call no
  // shrinker; they may use the emergency pages, as with __GFP_MEMALLOC, and with none left they
  // fail, except that __GFP_NOFAIL and pools wait as ever: for elements that do not depend on this scan.
  // It returns: a thread must not end in it.
  unsigned long (*scan)(struct mempool_bulk_shrinker *shrinker, unsigned long nr_pages, gfp_t gfp);
  // MEMPOOL_BULK_SHRINKER_IO, MEMPOOL_BULK_SHRINKER_FS
  unsigned int flags;
  // The library's.
  uint64_t room[6];
};

// Has shrinker->scan called, after those that were registered before, when a request for pages that may
// sleep finds none: neither free ones nor memory to commit. A request calls all shrinkers that its mask
// allows, and tries again: with __GFP_NORETRY once, which is how pools ask each time before they sleep;
// else as long as they free some, at most 16 times in a row without a page for this request; with
// __GFP_NOFAIL for ever, asleep while they free none. So a scan must not say that it freed what it did
// not. Requests that may not sleep call none.
//
// 0; -EINVAL for NULL, a NULL scan or unknown flags; -EBUSY when it is registered already. May sleep for
// a short lock. May be called from a scan.
int mempool_bulk_register_shrinker(struct mempool_bulk_shrinker *shrinker);

// Has shrinker->scan called no more, and waits until no thread is in it: then the structure may be freed.
// So hold no lock that scan takes. NULL, or one that is not registered or that another thread
// unregisters, is a WARN report and nothing more.
//
// Called from its own scan, it waits only for other threads, and the structure may be freed before the
// scan returns; what that returns counts. Two scans that unregister each other's shrinkers wait for ever.
//
// In the child of a fork the scans of threads that it does not have are over, and a shrinker that one of
// them was unregistering is registered.
void mempool_bulk_unregister_shrinker(struct mempool_bulk_shrinker *shrinker);

// Gives free memory back to the system, in pieces of 2 MiB that are free as a whole, as long as
// keep_free_bytes of free memory are left for requests without __GFP_HIGH; the number of bytes given
// back. Rounds keep_free_bytes up to pages of 4 KiB; 0 gives back all it can, UINT64_MAX nothing. Pages
// that CPUs have cached are free too, and are collected first, which interrupts the others once.
//
// Preallocated memory is never given back (MEMPOOL_BULK_PREALLOC, prealloc_bytes), nor are the
// emergency pages. Nothing is, and the result is 0, while anybody sleeps or has a request queued for
// want of pages. Requests that may sleep commit the memory again when they need it, as far as the
// system has it; those that may not have to do with what was left free. See mempool_bulk_regions() for
// memory that was registered with a device.
//
// Sleeps for short locks and makes system calls: not for signal handlers. Calls no shrinker. Several
// threads may trim at once.
uint64_t mempool_bulk_trim(uint64_t keep_free_bytes);

// What can be made to fail.
enum mempool_bulk_fault {
  // Requests to the page allocator, of any order and mask except __GFP_NOFAIL; one for many pages at
  // once gets nothing. Its size is the number of pages of a block.
  MEMPOOL_BULK_FAIL_PAGE_ALLOC,
  // Calls of a pool's allocation function for single elements, each time that a request would make
  // one: the reserve answers.
  MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC,
  // The first pass of requests for many elements, once a call: the reserve answers.
  MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK,
};

// When it fails, decided in this order. probability 0: never. times 0: never, -1: no end of failures.
// While space is larger than the size of a request (1, or the pages of a block) that is subtracted
// from it, and the request does not fail. Then only each interval-th request may fail (0 and 1: each),
// with a probability in percent.
struct mempool_bulk_fault_attr {
  unsigned long probability;
  unsigned long interval;
  long times;
  unsigned long space;
};

// Makes something fail on purpose from now on; NULL: no more. 0; -EINVAL for a probability above 100,
// times below -1 or an unknown fault. May wait for locks, so not for signal handlers; requests of theirs
// may fail like all others. As long as any fault is set, no request takes the page cache's short way. Who
// waits for pages or elements looks for them again at each call.
// MEMPOOL_BULK_FAIL_PAGE_ALLOC, _FAIL_MEMPOOL_ALLOC and _FAIL_MEMPOOL_ALLOC_BULK in the environment do the
// same from the first use of a pool or page on: "<interval>,<probability>,<space>,<times>".
int mempool_bulk_set_fault(enum mempool_bulk_fault which, const struct mempool_bulk_fault_attr *attr);

// Poisons the reserve of pools that are set up from now on, or not, whatever the configuration and the
// environment say; -EBUSY while any pool exists, else 0.
// For pools of this library's pages, of mempool_kmalloc(), mempool_kvmalloc() or of a slab cache, with
// the functions that belong to these: an element in the reserve holds 0x6b with 0xa5 at its end, and when
// it is taken out, 0x5a. One that was changed in between gets a WARN that names the pool and the first
// changed byte, and is handed out as it is.
int mempool_bulk_set_poison(bool on);

#ifndef MEMPOOL_BULK_NO_KVMALLOC
// A piece of memory, small or large, whose size in bytes is pool_data.
void *mempool_kvmalloc(gfp_t gfp_mask, void *pool_data);

// Frees what mempool_kvmalloc() gave.
void mempool_kvfree(void *element, void *_pool_data);

// A pool of such pieces in the caller's memory; 0 or a negative errno. May sleep.
int mempool_init_kvmalloc_pool(struct mempool *pool, int min_nr, size_t size);

// A new pool of such pieces; NULL on failure. May sleep.
struct mempool *mempool_create_kvmalloc_pool(int min_nr, size_t size);
#endif

#ifndef MEMPOOL_BULK_NO_SLAB
// A cache of objects of size bytes, aligned to align (0: as malloc does). ctor, if any, runs for each
// object handed out. NULL for nonsense.
struct kmem_cache *kmem_cache_create(const char *_name,
                                     unsigned int size,
                                     unsigned int align,
                                     unsigned long _flags,
                                     mempool_bulk_ctor_t * ctor);

// Gives a cache up; NULL does nothing. Objects still in use get a WARN and stay usable.
void kmem_cache_destroy(struct kmem_cache *cache);

// An object, or NULL.
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp_mask);

// An object of zeros, or NULL.
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp_mask);

// Frees an object; NULL does nothing.
void kmem_cache_free(struct kmem_cache *cache, void *object);

// The size of a cache's objects in bytes.
unsigned int kmem_cache_size(struct kmem_cache *cache);

// An object of the cache that is pool_data. A cache with a constructor gets a WARN: objects that went
// through the reserve would not be constructed again.
void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data);

// Frees what mempool_alloc_slab() gave.
void mempool_free_slab(void *element, void *pool_data);

// A pool of a cache's objects in the caller's memory; 0 or a negative errno. May sleep.
int mempool_init_slab_pool(struct mempool *pool, int min_nr, struct kmem_cache *kc);

// A new pool of a cache's objects; NULL on failure. May sleep.
struct mempool *mempool_create_slab_pool(int min_nr, struct kmem_cache *kc);
#endif

#ifndef MEMPOOL_BULK_NO_PAGE
// Allocates 2^order contiguous pages, order 0 to 10. Sleeps only with __GFP_DIRECT_RECLAIM. NULL when
// the process may have no more memory or the mask may not wait for it. Free with __free_pages().
struct page *alloc_pages(gfp_t gfp, unsigned int order);

// The same; twin of kernels with allocation profiling.
struct page *alloc_pages_noprof(gfp_t gfp, unsigned int order);

// Allocates one page: alloc_pages() of order 0.
struct page *alloc_page(gfp_t gfp);

// alloc_pages() near a node; the mask of nodes is accepted and has no effect.
struct page *__alloc_pages(gfp_t gfp, unsigned int order, int _preferred_nid, const void *_nodemask);

// alloc_pages() on a node; -1 is the local one.
struct page *alloc_pages_node(int _nid, gfp_t gfp, unsigned int order);

// Drops one reference of a block of 2^order pages; the last one frees it. Never sleeps for memory.
// NULL does nothing. A page freed twice, a wrong order, or no page of ours is a BUG.
void __free_pages(struct page *page, unsigned int order);

// __free_pages() of order 0.
void __free_page(struct page *page);

// Frees the block of 2^order pages that starts at an address; 0 does nothing.
void free_pages(unsigned long addr, unsigned int order);

// Frees the page that starts at an address; 0 does nothing.
void free_page(unsigned long addr);

// The address of a new block of 2^order pages, 0 on failure.
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);

// The address of a new page, 0 on failure.
unsigned long __get_free_page(gfp_t gfp);

// The address of a new page of zeros, 0 on failure.
unsigned long get_zeroed_page(gfp_t gfp);

// As many neighbouring pages as size bytes need; NULL on failure, for 0 bytes and above 4 MiB.
void *alloc_pages_exact(size_t size, gfp_t gfp);

// Frees what alloc_pages_exact() gave for the same size. A range that is not all ours is a BUG.
void free_pages_exact(void *virt, size_t size);

// The smallest order whose block holds size bytes; 52 for 0 bytes.
int get_order(unsigned long size);

// Turns a block of 2^order pages, not allocated with __GFP_COMP, into single pages.
void split_page(struct page *page, unsigned int order);

// Takes one more reference.
void get_page(struct page *page);

// Drops one reference; the last one frees the page, or the whole block of a __GFP_COMP page.
void put_page(struct page *page);

// The number of references; 0 for a page that nobody holds.
int page_count(const struct page *page);

// put_page() for each of nr pages. NULL entries are skipped, bad ones reported and skipped.
void release_pages(struct page **pages, int nr);

// The n-th page after a page of the same block.
struct page *nth_page(struct page *page, unsigned long n);

// The address of a page's first byte; NULL and a BUG if it is no page of ours.
void *page_address(const struct page *page);

// The page that holds an address; NULL and a BUG if none of ours does.
struct page *virt_to_page(const void *addr);

// The first page of the __GFP_COMP block that holds an address, else the page itself.
struct page *virt_to_head_page(const void *addr);

// What virt_to_page() is with MEMPOOL_BULK_FOREIGN_PAGES: a foreign address stands for itself.
struct page *mempool_bulk_page_or_self(const void *addr);

// What page_address() is with MEMPOOL_BULK_FOREIGN_PAGES: a foreign pointer stands for itself.
void *mempool_bulk_address_or_self(const struct page *page);

// A page's number: its distance from the first page.
unsigned long page_to_pfn(const struct page *page);

// The page with a number; NULL if there is none.
struct page *pfn_to_page(unsigned long pfn);

// The value that set_page_private() stored, 0 after allocation.
unsigned long page_private(const struct page *page);

// Stores a value with a page; it is 0 again when the page was freed.
void set_page_private(struct page *page, unsigned long private_);

// Before a holder changes flags or mapping of a page directly: what they were after allocation they
// are again when the page was freed.
void mempool_bulk_touch_page(struct page *page);

// The order of a __GFP_COMP block, from its first page; 0 for any other page.
unsigned int compound_order(const struct page *page);

// Until memalloc_noio_restore(), this thread's page requests are made as if without __GFP_IO and
// __GFP_FS. Returns what to restore. Scopes nest.
unsigned int memalloc_noio_save(void);

// Ends the scope of memalloc_noio_save().
void memalloc_noio_restore(unsigned int flags);

// The same without __GFP_FS only.
unsigned int memalloc_nofs_save(void);

// Ends the scope of memalloc_nofs_save().
void memalloc_nofs_restore(unsigned int flags);
#endif

#ifndef MEMPOOL_BULK_NO_PAGE
// Fills the NULL slots of page_array with single pages and returns how many slots from its start are
// populated, those that were before included; so a full array returns nr_pages. Slots that hold a
// page are left alone. Sleeps only with __GFP_DIRECT_RECLAIM, and then delivers at least one page
// more unless the process may have none.
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr_pages, struct page **page_array);

// alloc_pages_bulk() as it was called before 6.14.
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr_pages, struct page **page_array);

// alloc_pages_bulk() on a node; -1 is the local one.
unsigned long alloc_pages_bulk_node(gfp_t gfp, int _nid, unsigned long nr_pages, struct page **page_array);

// The same; twin of kernels with allocation profiling.
unsigned long alloc_pages_bulk_node_noprof(gfp_t gfp,
                                           int nid,
                                           unsigned long nr_pages,
                                           struct page **page_array);

// alloc_pages_bulk_node() as it was called before 6.14.
unsigned long alloc_pages_bulk_array_node(gfp_t gfp,
                                          int nid,
                                          unsigned long nr_pages,
                                          struct page **page_array);

// alloc_pages_bulk() by the thread's memory policy, which the system applies to the whole arena.
unsigned long alloc_pages_bulk_mempolicy(gfp_t gfp, unsigned long nr_pages, struct page **page_array);

// The same; twin of kernels with allocation profiling.
unsigned long alloc_pages_bulk_mempolicy_noprof(gfp_t gfp, unsigned long nr_pages, struct page **page_array);

// alloc_pages_bulk_mempolicy() as it was called before 6.14.
unsigned long alloc_pages_bulk_array_mempolicy(gfp_t gfp, unsigned long nr_pages, struct page **page_array);

// The function below all array forms since 6.14; nr_pages <= 0 returns 0.
unsigned long alloc_pages_bulk_noprof(gfp_t gfp,
                                      int _preferred_nid,
                                      const void *_nodemask,
                                      int nr_pages,
                                      struct page **page_array);

// Calls cb for each of nr_pages new pages, with no lock held, and returns how often. cb may sleep,
// allocate and free.
unsigned long alloc_pages_bulk_cb(gfp_t gfp,
                                  unsigned long nr_pages,
                                  void (*cb)(struct page *page, void *data),
                                  void *data);
#endif

#ifndef MEMPOOL_BULK_NO_PAGE
// Links nr_pages new pages by their lru at the tail of an initialised list; how many.
unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr_pages, struct list_head *list);

// All forms in one, as the 2023 series has it: a list wins over an array, an array over cb. In C the
// name is a macro that also takes the five and six arguments of other kernels.
unsigned long __alloc_pages_bulk(gfp_t gfp,
                                 int preferred_nid,
                                 const void *nodemask,
                                 int nr_pages,
                                 struct list_head *page_list,
                                 struct page **page_array,
                                 void (*cb)(struct page *page, void *data),
                                 void *data);
#endif

/* Names whose number of arguments changed between kernels: chosen by count. */
#define MEMPOOL_BULK_PICK_4(a, b, c, d, name, ...) name
#define mempool_alloc_bulk(...) \
	MEMPOOL_BULK_PICK_4(__VA_ARGS__, mempool_alloc_bulk, mempool_bulk_alloc_fresh, 0, 0)(__VA_ARGS__)
#define mempool_alloc_bulk_noprof(...) \
	MEMPOOL_BULK_PICK_4(__VA_ARGS__, mempool_alloc_bulk_noprof, mempool_bulk_alloc_fresh, 0, 0)(__VA_ARGS__)

#if !defined(MEMPOOL_BULK_NO_PAGE)
#define MEMPOOL_BULK_PICK_8(a, b, c, d, e, f, g, h, name, ...) name
#define MEMPOOL_BULK_PAGES_5(gfp, nid, mask, nr, array) __alloc_pages_bulk(gfp, nid, mask, nr, NULL, array, NULL, NULL)
#define MEMPOOL_BULK_PAGES_6(gfp, nid, mask, nr, list, array) __alloc_pages_bulk(gfp, nid, mask, nr, list, array, NULL, NULL)
#define __alloc_pages_bulk(...) \
	MEMPOOL_BULK_PICK_8(__VA_ARGS__, __alloc_pages_bulk, 0, MEMPOOL_BULK_PAGES_6, MEMPOOL_BULK_PAGES_5, 0, 0, 0, 0)(__VA_ARGS__)

#ifdef MEMPOOL_BULK_FOREIGN_PAGES
#define virt_to_page(addr) mempool_bulk_page_or_self(addr)
#define page_address(page) mempool_bulk_address_or_self(page)
#endif
#endif

#ifdef __cplusplus
}
#endif

#endif /* MEMPOOL_BULK_H */
