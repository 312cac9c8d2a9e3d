// K175: C++ accepts the header, all functions have C linkage, and the macros work.
#include <mempool_bulk.h>

int main()
{
	mempool_t pool = {};
	void *elements[3] = {nullptr, nullptr, nullptr};
	page *pages[2] = {nullptr, nullptr};

	if (mempool_init_kmalloc_pool(&pool, 3, 100) != 0)
		return 1;
	if (mempool_alloc_bulk(&pool, elements, 3) != 0 || elements[2] == nullptr)
		return 1;
	for (void *element : elements)
		mempool_free(element, &pool);
	mempool_exit(&pool);
	if (alloc_pages_bulk(GFP_KERNEL, 2, pages) != 2)
		return 1;
	release_pages(pages, 2);
	return 0;
}
