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
