/* Requests at the edges: several that one call makes possible, structures that live twice, two pools, faults that end. */
#include "requests.h"

static struct page *all[4096], *block;
static int taken;

/* A pool of the library's own pages: its reserve is out, and no page is left but for a block of 32. */
static void set_up_own(int min_nr, void **reserve)
{
	struct page *p;

	catch_reports();
	configure(sizeof(all) / sizeof(*all) * PAGE_SIZE, 60000);
	CHECK((block = alloc_pages(GFP_KERNEL, 5)) != NULL);
	CHECK(mempool_init_pages_bulk(&pool, min_nr, NULL, NULL, NULL) == 0);
	take_all(reserve, min_nr);
	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
}

static void tear_down_own(void **reserve, int min_nr)
{
	mempool_bulk_free_pages(&pool, (struct page **)reserve, (unsigned int)min_nr);
	release_pages(all, taken);
	__free_pages(block, 5);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

/* The reserve holds 8 at a time: whoever empties it for one request has to look for pages for the next. */
TEST(pages_that_come_together_complete_all_they_can)
{
	static struct item items[3];
	void *reserve[8];

	set_up_own(8, reserve);
	for (int i = 0; i < 3; i++)
		CHECK(submit(&items[i], 8, GFP_KERNEL) == 0);
	__free_pages(block, 5);
	block = NULL;
	for (int i = 0; i < 3; i++)
		CHECK(items[i].done == 1);
	for (int i = 0; i < 3; i++)
		give_back(&items[i]);
	tear_down_own(reserve, 8);
}

TEST(pages_that_come_together_complete_more_than_min_nr)
{
	static struct page *slots[100];
	static struct item item;
	void *reserve[8];

	set_up_own(8, reserve);
	item.request = (struct mempool_bulk_request){ .page_array = slots, .nr = 100, .gfp = GFP_KERNEL, .done = note_done, .user_data = &item };
	CHECK(mempool_bulk_submit(&pool, &item.request) == 0);
	taken -= 100;
	release_pages(all + taken, 100);
	CHECK(item.done == 1);
	mempool_bulk_free_pages(&pool, slots, 100);
	tear_down_own(reserve, 8);
}

static struct item outer, helper;
static void *spare[3];
static int slow_call, second_result = -1;

/* Gives nothing, and lets a second go by when asked to: then what was kept for an older request is free. */
static void *slow_alloc(gfp_t gfp, void *data)
{
	void *element = counter_alloc(gfp, data);

	if (slow_call > 0 && --slow_call == 0)
		nap_ms(1100);
	return element;
}

static void *frees_two(void *arg)
{
	mempool_free(spare[0], &pool);
	mempool_free(spare[1], &pool);
	return arg;
}

/* Runs inside the submit of `outer`, on behalf of `helper`: meanwhile `outer` is completed elsewhere, and submitted anew. */
static void while_outer_is_submitted(struct mempool_bulk_request *request)
{
	pthread_t t;

	note_done(request);
	CHECK(pthread_create(&t, NULL, frees_two, NULL) == 0);
	pthread_join(t, NULL);
	CHECK(outer.done == 1);
	free(outer.pages[0]);
	free(outer.pages[1]);
	memset(outer.pages, 0, sizeof(outer.pages));
	second_result = submit(&outer, 1, GFP_KERNEL);
	mempool_free(spare[2], &pool);
}

TEST(a_structure_that_is_submitted_again_has_a_life_of_its_own)
{
	static struct item large;
	void *e[4];

	catch_reports();
	configure(0, 60000);
	CHECK(mempool_init(&pool, 4, slow_alloc, counter_free, &c) == 0);
	c.fail = 1;
	take_all(e, 4);
	for (int i = 0; i < 3; i++)
		spare[i] = malloc(32);
	CHECK(submit(&large, 4, GFP_KERNEL) == 0);
	mempool_free(e[0], &pool);
	for (int i = 0; i < 9; i++) {
		CHECK((e[0] = mempool_alloc_preallocated(&pool)) != NULL);
		mempool_free(e[0], &pool);
	}
	helper.request.done = while_outer_is_submitted;
	CHECK(submit(&helper, 1, GFP_KERNEL) == 0);
	slow_call = 2; /* the first is made for those who wait already */
	CHECK(submit(&outer, 2, GFP_KERNEL) == 0);
	CHECK(helper.done == 1 && second_result == 0 && outer.done == 2);
	give_back(&outer);
	give_back(&helper);
	CHECK(cancel(&large) == 0);
	for (int i = 1; i < 4; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

/* The structure is in one pool's queue: another must not take it into its own. */
TEST(a_request_waits_at_one_pool)
{
	static struct item a, b;
	mempool_t other;
	void *e[1], *f;

	set_up(1);
	take_all(e, 1);
	c.fail = 0;
	CHECK(mempool_init(&other, 1, counter_alloc, counter_free, &c) == 0);
	c.fail = 1;
	CHECK((f = mempool_alloc_preallocated(&other)) != NULL);
	CHECK(submit(&a, 1, GFP_KERNEL) == 0);
	CHECK(mempool_bulk_submit(&other, &a.request) == -EINVAL && bugs == 1);
	CHECK(mempool_bulk_cancel(&other, &a.request) == -ENOENT);
	b.request = (struct mempool_bulk_request){ .page_array = b.pages, .nr = 1, .gfp = GFP_KERNEL, .done = note_done, .user_data = &b };
	CHECK(mempool_bulk_submit(&other, &b.request) == 0);
	mempool_free(f, &other);
	CHECK(b.done == 1 && a.done == 0);
	mempool_free(b.pages[0], &other);
	mempool_free(e[0], &pool);
	CHECK(a.done == 1 && bugs == 1);
	give_back(&a);
	mempool_exit(&other);
	mempool_exit(&pool);
}

static void fail_pages(long times)
{
	struct mempool_bulk_fault_attr attr = { .probability = 100, .times = times };

	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, &attr) == 0);
}

/* A fault that strikes for the last time hides pages no longer, whoever it strikes. */
TEST(a_fault_that_is_over_hides_no_pages)
{
	static struct item items[8];
	void *reserve[1];
	struct page *page;
	int hidden = 0;

	set_up_own(1, reserve);
	taken -= 64;
	release_pages(all + taken, 64);
	for (int i = 0; i < 8; i++) {
		int result;

		fail_pages(i + 1);
		result = submit(&items[i], 1, GFP_KERNEL);
		CHECK(result >= 0);
		if (result == 0 && !items[i].done) {
			hidden++;
			while (!items[i].done && (page = alloc_page(GFP_NOWAIT | __GFP_NOWARN)) == NULL)
				;
			CHECK(items[i].done == 1);
		}
	}
	CHECK(hidden > 0 && mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
	for (int i = 0; i < 8; i++)
		give_back(&items[i]);
	tear_down_own(reserve, 1);
}

static mempool_t other;
static atomic_int got;

static void *sleeps(void *arg)
{
	mempool_free(mempool_alloc(&other, GFP_KERNEL), &other);
	got = 1;
	return arg;
}

/* From a thread that sleeps at another pool it has hidden pages too: if the last strike is a request's, that is told. */
TEST(who_sleeps_hears_of_the_end_of_a_fault)
{
	catch_reports();
	configure(4096 * PAGE_SIZE, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0 && mempool_init_pages_bulk(&other, 1, NULL, NULL, NULL) == 0);
	for (int times = 1; times <= 10; times++) {
		void *a = mempool_alloc_preallocated(&pool), *b = mempool_alloc_preallocated(&other);
		struct item item = { .turn = 0 };
		unsigned long waits = pool_waits(&other);
		pthread_t t;

		got = 0;
		fail_pages(times);
		CHECK(a && b && pthread_create(&t, NULL, sleeps, NULL) == 0);
		UNTIL(got || pool_waits(&other) > waits);
		nap_ms(20);
		CHECK(submit(&item, 1, GFP_KERNEL) >= 0);
		for (int i = 0; i < 300 && !got; i++)
			nap_ms(1);
		/* Either that was the end of it, or the next request is struck. */
		CHECK(got || alloc_page(GFP_NOWAIT | __GFP_NOWARN) == NULL);
		CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
		pthread_join(t, NULL);
		UNTIL(item.pages[0]);
		give_back(&item);
		mempool_free(a, &pool);
		mempool_free(b, &other);
	}
	mempool_exit(&other);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST_MAIN()
