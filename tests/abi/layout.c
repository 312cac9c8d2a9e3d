/* Sizes, offsets and values that programs have compiled in: fixed within a SONAME. Compiled, never run. */
#include <mempool_bulk.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define AT(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field)

SIZE(mempool_t, 256);
_Static_assert(_Alignof(mempool_t) == 8, "mempool_t");
AT(mempool_t, lock, 0);
AT(mempool_t, min_nr, 4);
AT(mempool_t, curr_nr, 8);
AT(mempool_t, kind, 12);
AT(mempool_t, elements, 16);
AT(mempool_t, pool_data, 24);
AT(mempool_t, alloc, 32);
AT(mempool_t, free, 40);
AT(mempool_t, alloc_pages_bulk, 48);
AT(mempool_t, wait, 56);
AT(mempool_t, counters, 64);
AT(mempool_t, room, 112);

SIZE(struct page, 64);
_Static_assert(_Alignof(struct page) == 64, "struct page");
AT(struct page, flags, 0);
AT(struct page, lru, 8);
AT(struct page, mapping, 24);
AT(struct page, index, 32);
AT(struct page, private, 40);
AT(struct page, _mapcount, 48);
AT(struct page, _refcount, 52);

/* These may grow at their ends: struct_size tells which fields a program knows. */
AT(struct mempool_bulk_config, struct_size, 0);
AT(struct mempool_bulk_config, limit_bytes, 8);
AT(struct mempool_bulk_config, prealloc_bytes, 16);
AT(struct mempool_bulk_config, flags, 24);
AT(struct mempool_bulk_config, node, 28);
AT(struct mempool_bulk_config, wait_timeout_ms, 32);
AT(struct mempool_bulk_stats, struct_size, 0);
AT(struct mempool_bulk_stats, pages_allocated, 8);
AT(struct mempool_bulk_stats, pages_limit, 64);
AT(struct mempool_bulk_stats, commits, 72);
AT(struct mempool_bulk_stats, waits, 112);
AT(struct mempool_bulk_stats, decommits, 120);
AT(struct mempool_bulk_stats, scans, 128);
AT(struct mempool_bulk_pool_stats, struct_size, 0);
AT(struct mempool_bulk_pool_stats, min_nr, 8);
AT(struct mempool_bulk_pool_stats, waiters, 64);

SIZE(struct mempool_bulk_request, 128);
AT(struct mempool_bulk_request, page_array, 0);
AT(struct mempool_bulk_request, nr, 8);
AT(struct mempool_bulk_request, gfp, 12);
AT(struct mempool_bulk_request, done, 16);
AT(struct mempool_bulk_request, user_data, 24);
AT(struct mempool_bulk_request, room, 32);
SIZE(struct mempool_bulk_shrinker, 64);
AT(struct mempool_bulk_shrinker, scan, 0);
AT(struct mempool_bulk_shrinker, flags, 8);
AT(struct mempool_bulk_shrinker, room, 16);

SIZE(gfp_t, 4);
_Static_assert(GFP_KERNEL == 0xcc0u && GFP_NOIO == 0xc00u && GFP_NOFS == 0xc40u, "masks that may sleep");
_Static_assert(GFP_ATOMIC == 0x820u && GFP_NOWAIT == 0x2800u, "masks that may not");
_Static_assert(__GFP_ZERO == 0x100u && __GFP_NOWARN == 0x2000u && __GFP_NOFAIL == 0x8000u, "modifiers");
_Static_assert(MEMPOOL_BULK_MLOCK == 1 && MEMPOOL_BULK_HUGEPAGES == 2, "flags of the configuration");
_Static_assert(MEMPOOL_BULK_MEMFD == 4 && MEMPOOL_BULK_POISON == 8, "flags of the configuration");
_Static_assert(MEMPOOL_BULK_VMAP_READONLY == 1 && MEMPOOL_BULK_VMAP_PUT_PAGES == 2, "flags of a mapping");
_Static_assert(MEMPOOL_BULK_FAIL_PAGE_ALLOC == 0 && MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC == 1 && MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK == 2, "faults");
SIZE(struct mempool_bulk_fault_attr, 32);
AT(struct mempool_bulk_fault_attr, interval, 8);
AT(struct mempool_bulk_fault_attr, times, 16);
AT(struct mempool_bulk_fault_attr, space, 24);
_Static_assert(MEMPOOL_BULK_SHRINKER_IO == 1 && MEMPOOL_BULK_SHRINKER_FS == 2, "flags of a shrinker");
_Static_assert(MEMPOOL_BULK_REPORT_WARN == 0 && MEMPOOL_BULK_REPORT_BUG == 1, "reports");
