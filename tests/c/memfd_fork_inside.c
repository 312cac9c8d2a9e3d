/* Shared memory, and a fork in the middle of things: the child goes on from there and owns nothing. */
#include "memfd.h"

static mempool_t own;
static struct page *many[LIMIT], *reserve[4];
static unsigned long nr_many;
static pid_t forked = -1;

/* No page is left, and none in the reserve. */
static void set_up(void)
{
	configure_memfd(LIMIT, 0);
	catch_reports();
	CHECK(mempool_init_pages_bulk(&own, 4, NULL, NULL, NULL) == 0);
	nr_many = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC, LIMIT, many);
	for (int i = 0; i < 4; i++)
		CHECK((reserve[i] = mempool_alloc_preallocated(&own)));
}

static void tear_down(void)
{
	release_pages(many, (int)nr_many);
	mempool_exit(&own);
	CHECK(outstanding() == 0 && bugs == 0);
	check_conserved();
}

static void done(struct mempool_bulk_request *request)
{
	++*(int *)request->user_data;
}

/* A request that waits in the parent: the child may withdraw its copy, and nothing completes it there. */
TEST(requests_stay_the_parent_s)
{
	struct page *slots[4] = { NULL };
	int calls = 0;
	struct mempool_bulk_request request = { .page_array = slots, .nr = 4, .gfp = GFP_KERNEL, .done = done, .user_data = &calls };

	set_up();
	CHECK(mempool_bulk_submit(&own, &request) == 0);
	mempool_free(reserve[0], &own);
	if ((forked = fork()) == 0) {
		alarm(20);
		for (int i = 1; i < 4; i++)
			REFUSED_CALL(mempool_free(reserve[i], &own));
		REFUSED_CALL(release_pages(many, 100));
		bugs = 0;
		CHECK(calls == 0 && !slots[0] && mempool_bulk_cancel(&own, &request) == 0 && bugs == 0);
		CHECK(mempool_bulk_cancel(&own, &request) == -ENOENT && bugs == 0 && own.curr_nr == 1);
		_exit(0);
	}
	wait_for(forked);
	CHECK(calls == 0);
	for (int i = 1; i < 4; i++)
		mempool_free(reserve[i], &own);
	CHECK(calls == 1);
	mempool_bulk_free_pages(&own, slots, 4);
	tear_down();
}

/* Leaves work for those who complete requests, then forks. */
static void done_and_forks(struct mempool_bulk_request *request)
{
	(void)request;
	nr_many -= LIMIT / 128 + 2; /* as many as are kept back, and two */
	release_pages(many + nr_many, LIMIT / 128 + 2);
	if ((forked = fork()) == 0)
		alarm(20);
}

/* The child comes back from there and leaves the other request alone: that is no fault of its own. */
TEST(a_fork_inside_done)
{
	struct page *slots[2] = { NULL }, *other_slots[4] = { NULL };
	int calls = 0;
	struct mempool_bulk_request request = { .page_array = slots, .nr = 2, .gfp = GFP_KERNEL, .done = done_and_forks };
	struct mempool_bulk_request other = { .page_array = other_slots, .nr = 4, .gfp = GFP_KERNEL, .done = done, .user_data = &calls };

	set_up();
	CHECK(mempool_bulk_submit(&own, &request) == 0 && mempool_bulk_submit(&own, &other) == 0);
	mempool_free(reserve[0], &own);
	mempool_free(reserve[1], &own);
	if (forked == 0) {
		CHECK(bugs == 0 && calls == 0 && slots[1] && !other_slots[0]);
		_exit(0);
	}
	wait_for(forked);
	mempool_free(reserve[2], &own);
	mempool_free(reserve[3], &own);
	CHECK(calls == 1 && slots[1] && other_slots[3]);
	mempool_bulk_free_pages(&own, slots, 2);
	mempool_bulk_free_pages(&own, other_slots, 4);
	tear_down();
}

static int forks;

/* Forks, once, when a request can't be served otherwise, and has something then in the parent only. */
static void *alloc_that_forks(gfp_t gfp, void *data)
{
	if (*(int *)data == 0)
		return malloc(32);
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return NULL;
	if (forks++ == 0 && (forked = fork()) == 0)
		alarm(20);
	return forked == 0 ? alloc_page(gfp) : malloc(32);
}

static void free_with_data(void *element, void *data)
{
	(void)data;
	free(element);
}

/* The child goes on inside a request that the parent made, and comes back from there empty-handed. */
TEST(a_fork_inside_a_request)
{
	void *first, *second;
	int short_of = 0;
	mempool_t pool;

	configure_memfd(LIMIT, 0);
	catch_reports();
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(mempool_init(&pool, 1, alloc_that_forks, free_with_data, &short_of) == 0);
	CHECK((first = mempool_alloc_preallocated(&pool)));
	short_of = 1;
	second = mempool_alloc(&pool, GFP_KERNEL);
	if (forked == 0) {
		CHECK(!second && bugs == 1);
		_exit(0);
	}
	wait_for(forked);
	CHECK(second && bugs == 0);
	free(first);
	free(second);
	mempool_exit(&pool);
}

TEST_MAIN()
