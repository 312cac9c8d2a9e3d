/* K166, K167, K169: the header alone and beside the system's, silent under strict C; both struct tags
 * name one type; function types declare functions. */
#include <mempool_bulk.h>
#include <limits.h>
#include <sys/user.h>
#include <linux/types.h>

static mempool_free_t my_free;

static void my_free(void *element, void *pool_data)
{
	(void)element;
	(void)pool_data;
}

static void *my_alloc(gfp_t gfp, void *pool_data)
{
	(void)gfp;
	return pool_data;
}

int main(void)
{
	mempool_alloc_t *alloc = my_alloc;
	mempool_free_t *release = my_free;
	mempool_t pool = { 0 };
	struct mempool_s *old = &pool;
	struct mempool *young = old;
	int data = 0;

	if (mempool_init(young, 2, alloc, release, &data) != 0)
		return 1;
	if (mempool_alloc(&pool, GFP_KERNEL) != &data)
		return 1;
	mempool_exit(old);
	if (sizeof(struct mempool_bulk_request) != 128)
		return 1;
	return sizeof(struct page) == 64 && sizeof(mempool_t) == 256 ? 0 : 1;
}
