/* A million bulk calls: with --strace two getppid calls mark the loop, and a script checks that no
 * system call stands between them. */
#include "check.h"

static void rounds(mempool_t *pool, int n)
{
	while (n--) {
		struct page *p[8] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(pool, GFP_NOIO, 8, p));
		mempool_bulk_free_pages(pool, p, 8);
	}
}

int main(int argc, char **argv)
{
	mempool_t pool = { 0 };

	if (argc < 2 || strcmp(argv[1], "--strace") != 0)
		return 2;
	CHECK(mempool_init_pages_bulk(&pool, 64, NULL, NULL, NULL) == 0);
	rounds(&pool, 1000);
	getppid();
	rounds(&pool, 1000000);
	getppid();
	mempool_exit(&pool);
	return 0;
}
