/* Requests as nobody can mean them, and pools that end under requests. */
#include "requests.h"

TEST(impossible_requests)
{
	static struct item a, b;
	void *e[1];

	set_up(1);
	take_all(e, 1);
	CHECK(mempool_bulk_submit(&pool, NULL) == -EINVAL && mempool_bulk_cancel(&pool, NULL) == -EINVAL && warns == 2);
	CHECK(mempool_bulk_submit(NULL, &a.request) == -EINVAL && bugs == 1);
	b.request = (struct mempool_bulk_request){ .nr = 1, .gfp = GFP_KERNEL, .done = note_done };
	CHECK(mempool_bulk_submit(&pool, &b.request) == -EINVAL && warns == 3);
	b.request = (struct mempool_bulk_request){ .nr = 1, .gfp = GFP_KERNEL, .page_array = b.pages };
	CHECK(mempool_bulk_submit(&pool, &b.request) == -EINVAL && warns == 4);
	CHECK(submit(&a, 1, GFP_KERNEL) == 0 && submit(&a, 1, GFP_KERNEL) == -EINVAL && bugs == 2);
	mempool_free(e[0], &pool);
	CHECK(a.done == 1);
	give_back(&a);
	mempool_exit(&pool);
	CHECK(submit(&a, 1, GFP_KERNEL) == -EINVAL && bugs == 3);
}

TEST(exit_drops_requests)
{
	static struct item a, b;
	void *e[2];

	set_up(2);
	take_all(e, 2);
	CHECK(submit(&a, 1, GFP_KERNEL) == 0 && submit(&b, 2, GFP_KERNEL) == 0);
	mempool_exit(&pool);
	CHECK(bugs == 1 && a.done == 0 && b.done == 0 && cancel(&a) == -ENOENT && stats().waiters == 0);
	c.fail = 0;
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	CHECK(submit(&a, 2, GFP_KERNEL) == 1 && a.done == 0);
	give_back(&a);
	mempool_exit(&pool);
	free(e[0]);
	free(e[1]);
}

/* Takes out what the caller had put in, and gives nothing. */
static unsigned int robber(gfp_t gfp, unsigned int nr, void *data, struct page **array, void (*cb)(struct page *, void *), void *arg)
{
	(void)gfp, (void)cb, (void)arg;
	for (unsigned int i = 0; array && i < nr; i++)
		if (array[i])
			*(struct page **)data = array[i], array[i] = NULL;
	return 0;
}

/* What it took is not counted as handed out, and not the other way round. */
TEST(a_function_that_takes_pages_out)
{
	static struct item item;
	struct page *page, *robbed = NULL;

	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 1, robber, mempool_bulk_free_page, &robbed) == 0);
	CHECK((page = mempool_alloc_preallocated(&pool)) && stats().allocated == 1);
	item.pages[0] = page;
	CHECK(submit(&item, 2, GFP_KERNEL) == 0 && robbed == page && !item.pages[0]);
	CHECK(stats().allocated == 1 && cancel(&item) == 0);
	mempool_free(page, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST_MAIN()
