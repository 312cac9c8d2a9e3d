/* ThreadSanitizer with the library as installed: what one thread wrote before it gave a page or an element back is
 * no race with what the next owner does; what two threads do to one page at once is. */
#include "tool.h"

static mempool_t pool;

/* A thread takes, writes, gives back, over and over: with few elements all threads have each in turn. */
static void *pages(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		struct page *p = alloc_page(GFP_KERNEL);

		memset(page_address(p), i, 64);
		p->index = (unsigned long)i;
		if (i % 3 == 0) {
			get_page(p);
			put_page(p);
		}
		__free_page(p);
	}
	return arg;
}

static void *many_pages(void *arg)
{
	for (int i = 0; i < 300; i++) {
		struct page *p[70] = { NULL };
		int n = 1 + i % 70;

		CHECK(alloc_pages_bulk(GFP_KERNEL, (unsigned long)n, p) == (unsigned long)n);
		for (int k = 0; k < n; k++)
			*(int *)page_address(p[k]) = i;
		release_pages(p, n);
	}
	return arg;
}

static void *blocks(void *arg)
{
	for (int i = 0; i < 500; i++) {
		struct page *p = alloc_pages(GFP_KERNEL, (unsigned int)i % 5);

		memset(page_address(p), i, 64);
		__free_pages(p, (unsigned int)i % 5);
	}
	return arg;
}

static void *through_a_pool(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		int *e = mempool_alloc(&pool, GFP_KERNEL);

		*e = i;
		mempool_free(e, &pool);
	}
	return arg;
}

static void *bulk_through_a_pool(void *arg)
{
	for (int i = 0; i < 300; i++) {
		void *b[4];

		CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 4, b));
		for (int k = 0; k < 4; k++)
			*(int *)b[k] = i;
		mempool_bulk_free_buffers(&pool, b, 4);
	}
	return arg;
}

static void two(void *(*work)(void *))
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* An element that only the reserve has: the source always fails. */
static void *none(gfp_t gfp, void *data)
{
	static _Thread_local int made;

	(void)gfp;
	(void)data;
	return made++ < 2 && pool.curr_nr < 2 ? malloc(64) : NULL;
}

static void give(void *element, void *data)
{
	(void)data;
	free(element);
}

static void handed_over(void)
{
	two(pages);
	two(many_pages);
	two(blocks);
	CHECK(mempool_init(&pool, 2, none, give, NULL) == 0);
	two(through_a_pool);
	mempool_exit(&pool);
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	two(bulk_through_a_pool);
	mempool_exit(&pool);
}

/* Nor is what the library itself writes into elements that lie in the reserve. */
static void poisoned(void)
{
	struct mempool_bulk_fault_attr always = { 100, 1, -1, 0 };

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_kmalloc_pool(&pool, 2, 64) == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, &always) == 0);
	two(through_a_pool);
	mempool_exit(&pool);
}

/* What one thread set aside for its callback another may get: the first goes on when the second has set aside
 * too, the second when the first has all. Relaxed, for the tool sees no order in that. */
static atomic_int steps;

static void slow(struct page *page, void *data)
{
	int first;

	*(int *)page_address(page) = 1;
	if ((*(int *)data)++ == 0) {
		first = atomic_fetch_add_explicit(&steps, 1, memory_order_relaxed) == 0;
		while (atomic_load_explicit(&steps, memory_order_relaxed) < (first ? 2 : 3))
			nap_ms(1);
	}
}

static void *slowly(void *number)
{
	int calls = 0;

	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 128, slow, &calls) && calls == 128);
	atomic_fetch_add_explicit(&steps, 1, memory_order_relaxed);
	return number;
}

static void claimed(void)
{
	struct mempool_bulk_fault_attr always = { 100, 1, -1, 0 };
	pthread_t t[2];

	CHECK(mempool_bulk_set_poison(true) == 0);
	CHECK(mempool_init_pages_bulk(&pool, 256, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK, &always) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, slowly, NULL) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

/* A request is completed by whoever frees, who sees what its owner wrote. */
static struct page *hoard[64], *wanted[4];
static struct mempool_bulk_request request;
static int note;
static atomic_int done;

static void completed(struct mempool_bulk_request *r)
{
	note += *(int *)r->user_data;
	atomic_store(&done, 1);
}

static void *free_all(void *arg)
{
	mempool_bulk_free_pages(&pool, hoard, 4);
	return arg;
}

static void requests(void)
{
	struct mempool_bulk_fault_attr always = { 100, 1, -1, 0 };
	static int value;
	pthread_t t;

	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, &always) == 0);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 4, hoard));
	CHECK(pthread_create(&t, NULL, free_all, NULL) == 0);
	value = 5;
	request = (struct mempool_bulk_request){ .page_array = wanted, .nr = 4, .gfp = GFP_KERNEL, .done = completed, .user_data = &value };
	if (mempool_bulk_submit(&pool, &request) == 1)
		completed(&request);
	pthread_join(t, NULL);
	CHECK(atomic_load(&done) && note == 5);
	mempool_bulk_free_pages(&pool, wanted, 4);
	mempool_exit(&pool);
}

/* Larger than the reserve can be: each who frees hands over what he has, and the last runs its function. */
static atomic_int dry, freed_one;
static void *pieces[2], *whole[2];

static void *until_dry(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	return dry ? NULL : malloc(64);
}

static void read_both(struct mempool_bulk_request *r)
{
	(void)r;
	note = *(int *)whole[0] + *(int *)whole[1];
}

static void *free_first(void *arg)
{
	*(int *)pieces[0] = 1;
	mempool_free(pieces[0], &pool);
	atomic_store_explicit(&freed_one, 1, memory_order_relaxed);
	return arg;
}

static void *free_second(void *arg)
{
	while (!atomic_load_explicit(&freed_one, memory_order_relaxed))
		nap_ms(1);
	*(int *)pieces[1] = 2;
	mempool_free(pieces[1], &pool);
	return arg;
}

static void request_in_parts(void)
{
	static struct mempool_bulk_request r = { .page_array = (struct page **)whole, .nr = 2, .gfp = GFP_KERNEL, .done = read_both };
	pthread_t t[2];

	catch_reports();
	CHECK(mempool_init(&pool, 1, until_dry, give, NULL) == 0);
	CHECK((pieces[0] = mempool_alloc_preallocated(&pool)) && (pieces[1] = mempool_alloc(&pool, GFP_KERNEL)));
	dry = 1;
	CHECK(mempool_bulk_submit(&pool, &r) == 0);
	CHECK(pthread_create(&t[0], NULL, free_first, NULL) == 0 && pthread_create(&t[1], NULL, free_second, NULL) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(note == 3 && whole[0] == pieces[0]);
}

static struct page *shared;

static void *write_shared(void *arg)
{
	HERE *(volatile int *)page_address(shared) = 1;
	return arg;
}

static void race(void)
{
	shared = alloc_page(GFP_KERNEL);
	two(write_shared);
}

/* Written after it was given back, which is too late: the next owner races with that. */
static atomic_int step;

static void *late_writer(void *arg)
{
	struct page *p = alloc_page(GFP_KERNEL);
	volatile int *at = page_address(p);

	__free_page(p);
	HERE *at = 1;
	atomic_store_explicit(&step, 1, memory_order_relaxed);
	return arg;
}

static void race_with_the_next_owner(void)
{
	struct page *p[200];
	pthread_t t;

	CHECK(pthread_create(&t, NULL, late_writer, NULL) == 0);
	while (!atomic_load_explicit(&step, memory_order_relaxed))
		nap_ms(1);
	for (int i = 0; i < 200; i++) {
		p[i] = alloc_page(GFP_KERNEL);
		*(volatile int *)page_address(p[i]) = 2;
	}
	pthread_join(t, NULL);
}

static const struct tool_case cases[] = {
	{ "handed_over", handed_over }, { "poisoned", poisoned }, { "claimed", claimed }, { "requests", requests }, { "request_in_parts", request_in_parts }, { "race", race }, { "race_with_the_next_owner", race_with_the_next_owner }, { NULL, NULL },
};

TEST(handing_over_is_no_race) { check_clean("handed_over"); }
TEST(poison_is_no_race) { check_clean("poisoned"); }
TEST(what_is_set_aside_for_callbacks_is_no_race) { check_clean("claimed"); }
TEST(a_request_is_no_race) { check_clean("requests"); }
TEST(a_request_in_parts_is_no_race) { check_clean("request_in_parts"); }
TEST(a_race_on_a_page_is_found) { check_found("race", "data race", "tsan.c"); }
TEST(a_write_after_the_free_is_found) { check_found("race_with_the_next_owner", "data race", "tsan.c"); }

int main(int argc, char **argv)
{
	return tool_main(argc, argv, cases);
}
