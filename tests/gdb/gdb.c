/* A program that gdb looks at: pools, pages and a request in states that the script beside it expects. */
#include <mempool_bulk.h>

static int element;

static void *own_alloc(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	return &element;
}

static void own_free(void *e, void *data)
{
	(void)e;
	(void)data;
}

static void done(struct mempool_bulk_request *request)
{
	(void)request;
}

mempool_t pages_pool, own_pool, block_pool, no_pool;
struct page *held, *shared, *in_reserve, *freed, *block, *none;
struct mempool_bulk_request request;

__attribute__((noinline)) void stop_here(void)
{
	__asm__ volatile("");
}

int main(void)
{
	static struct page *slots[8];

	if (mempool_init_pages_bulk(&pages_pool, 4, NULL, NULL, NULL) != 0 || mempool_init_page_pool(&block_pool, 2, 3) != 0 ||
	    mempool_init(&own_pool, 3, own_alloc, own_free, NULL) != 0)
		return 1;
	held = alloc_page(GFP_KERNEL);
	set_page_private(held, 0x1234);
	shared = alloc_page(GFP_KERNEL);
	get_page(shared);
	in_reserve = pages_pool.elements[0];
	freed = alloc_page(GFP_KERNEL);
	__free_page(freed);
	block = alloc_pages(GFP_KERNEL, 3);
	mempool_alloc_preallocated(&pages_pool);
	slots[0] = held;
	request = (struct mempool_bulk_request){ .page_array = slots, .nr = 8, .gfp = GFP_NOIO | __GFP_ZERO, .done = done };
	stop_here();
	return 0;
}
