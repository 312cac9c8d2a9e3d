/* One group of names left out at a time: a program may bring these itself, all others are there. */
#ifdef MEMPOOL_BULK_NO_LIST
struct list_head {
	struct list_head *next, *prev;
};
#define INIT_LIST_HEAD(list) ((list)->next = (list)->prev = (list))
#endif
#include <mempool_bulk.h>

#ifdef MEMPOOL_BULK_NO_GFP
enum { GFP_KERNEL = 0xcc0, GFP_NOIO = 1, gfpflags_allow_blocking = 2 };
#endif
#ifdef MEMPOOL_BULK_NO_PAGE
struct page { int mine; };
enum { PAGE_SIZE = 1, PAGE_SHIFT = 2, MAX_PAGE_ORDER = 3, alloc_page = 4, alloc_pages_bulk_list = 5, __alloc_pages_bulk = 6 };

static int pages(void)
{
	struct page page = { 0 };

	return page.mine;
}
#else
static int pages(void)
{
	struct page *page = alloc_page(GFP_KERNEL), *one[1] = { NULL };
	struct list_head list;

	INIT_LIST_HEAD(&list);
	__free_page(page);
	if (__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 1, one) != 1 || alloc_pages_bulk_list(GFP_KERNEL, 0, &list) != 0)
		return 1;
	put_page(one[0]);
	return PAGE_SIZE != 4096 || sizeof(struct page) != 64;
}
#endif
#ifdef MEMPOOL_BULK_NO_SLAB
enum { kmem_cache_create = 1, mempool_alloc_slab = 2, mempool_create_slab_pool = 3 };
static int slab(void) { return 0; }
#else
static int slab(void)
{
	struct kmem_cache *cache = kmem_cache_create("t", 8, 0, 0, NULL);

	mempool_destroy(mempool_create_slab_pool(1, cache));
	kmem_cache_destroy(cache);
	return 0;
}
#endif
#ifdef MEMPOOL_BULK_NO_KVMALLOC
enum { mempool_kvmalloc = 1, mempool_create_kvmalloc_pool = 2 };
static int kvmalloc(void) { return 0; }
#else
static int kvmalloc(void)
{
	mempool_destroy(mempool_create_kvmalloc_pool(1, 8));
	return 0;
}
#endif

int main(void)
{
	mempool_t pool = { 0 };
	void *element;

	if (mempool_init_kmalloc_pool(&pool, 2, 100) != 0 || !(element = mempool_alloc(&pool, (gfp_t)GFP_KERNEL)))
		return 1;
	mempool_free(element, &pool);
	mempool_exit(&pool);
	return pages() || slab() || kvmalloc();
}
