// K175: C++ accepts the header, all functions have C linkage, and the macros work.
#include <mempool_bulk.h>

// A pool that lives in a global object, before main and after it.
struct Early {
	mempool_t pool = {};
	Early() { ok = mempool_init_pages_bulk(&pool, 4, nullptr, nullptr, nullptr) == 0; }
	~Early() { mempool_exit(&pool); }
	bool ok = false;
};
static Early early;

// The address of each is a C function's.
extern "C" {
typedef int init_function(mempool_t *, int, mempool_alloc_t *, mempool_free_t *, void *);
}
static init_function *const init = mempool_init;

int main()
{
	mempool_t pool = {};
	void *elements[3] = {nullptr, nullptr, nullptr};
	page *pages[2] = {nullptr, nullptr};

	if (!early.ok || init(&pool, -1, mempool_kmalloc, mempool_kfree, nullptr) >= 0)
		return 1;
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
