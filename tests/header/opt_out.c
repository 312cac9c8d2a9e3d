/* With every group of names left out, a program may bring them all itself; pools still work. */
#define MEMPOOL_BULK_NO_GFP
#define MEMPOOL_BULK_NO_PAGE
#define MEMPOOL_BULK_NO_SLAB
#define MEMPOOL_BULK_NO_KVMALLOC
#define MEMPOOL_BULK_NO_LIST
#include <mempool_bulk.h>

struct list_head { int mine; };
struct page { int mine; };
enum { GFP_KERNEL = 0xcc0, PAGE_SIZE = 1, kmem_cache_create = 2, mempool_kvmalloc = 3, alloc_page = 4 };
#define INIT_LIST_HEAD(list) ((list)->mine = GFP_KERNEL)

int main(void)
{
	mempool_t pool = { 0 };
	struct list_head list;
	void *element;

	INIT_LIST_HEAD(&list);
	if (mempool_init_kmalloc_pool(&pool, 2, 100) != 0 || !(element = mempool_alloc(&pool, (gfp_t)list.mine)))
		return 1;
	mempool_free(element, &pool);
	mempool_exit(&pool);
	return PAGE_SIZE + kmem_cache_create + mempool_kvmalloc + alloc_page == 10 ? 0 : 1;
}
