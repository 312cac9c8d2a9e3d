/* Pools and pages in constructors, before main, and in destructors, after it. */
#include "check.h"

static mempool_t pool, *made;
static struct page *early[300];
static struct counter c;
static bool set_up_early;

__attribute__((constructor(101))) static void before_everything(void)
{
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	made = mempool_create(4, counter_alloc, counter_free, &c);
	CHECK(made && mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 300, early));
	mempool_free(mempool_alloc(made, GFP_KERNEL), made);
	set_up_early = true;
}

__attribute__((destructor(101))) static void after_everything(void)
{
	struct page *late[20] = { NULL };

	if (!set_up_early) /* the test has failed */
		return;
	/* exit() is running already, so CHECK can't call it */
	if (!mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 20, late) || !late[19])
		_exit(1);
	mempool_bulk_free_pages(&pool, late, 20);
	mempool_exit(&pool);
	mempool_destroy(made);
	if (outstanding() != 0)
		_exit(1);
}

TEST(pools_of_constructors_are_whole)
{
	CHECK(set_up_early && pool.curr_nr == 16 && made->curr_nr == 4 && outstanding() == 316);
	for (int i = 0; i < 300; i++)
		memset(page_address(early[i]), i, PAGE_SIZE);
	mempool_bulk_free_pages(&pool, early, 300);
	CHECK(outstanding() == 16);
	check_conserved();
}

TEST_MAIN()
