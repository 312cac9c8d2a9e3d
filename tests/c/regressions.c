/* Regression tests for what an audit found in the core. */
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

static mempool_t pool;
static struct counter c;

/* 1. A handler that uses the library, called for a bad environment value: hangs (OnceLock re-entered). */
static int allocating_reports;

static void allocate(enum mempool_bulk_report kind, const char *text, void *data)
{
	(void)kind;
	(void)text;
	(void)data;
	if (allocating_reports++ == 0)
		__free_page(alloc_page(GFP_KERNEL));
}

TEST(handler_of_an_environment_complaint_may_allocate)
{
	setenv("MEMPOOL_BULK_PREALLOC", "lots", 1);
	mempool_bulk_set_report_handler(allocate, NULL);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(allocating_reports == 1);
}

/* 2. The same for RLIMIT_MEMLOCK: reported under the depot lock and inside ready()'s Once. */
TEST(handler_of_a_refused_mlock_may_allocate)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1, .flags = MEMPOOL_BULK_MLOCK };
	struct rlimit little = { 1 << 20, 1 << 20 };
	struct page *p;

	CHECK(setrlimit(RLIMIT_MEMLOCK, &little) == 0);
	if (geteuid() == 0 && seteuid(65534) != 0)
		exit(77);
	CHECK(mempool_bulk_configure(&config) == 0);
	mempool_bulk_set_report_handler(allocate, NULL);
	p = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	CHECK(p == NULL && allocating_reports >= 1);
}

/* 4. get_page() of a tail of a block that is not compound is a BUG (its count is 0), not a changed count
 * that the next owner of the page inherits. */
TEST(get_page_of_a_tail)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2), *p[512] = { NULL };

	catch_reports();
	get_page(block + 1);
	CHECK(bugs == 1);
	__free_pages(block, 2);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 512, p) == 512);
	for (int i = 0; i < 512; i++)
		CHECK(page_count(p[i]) == 1);
	release_pages(p, 512);
}

/* 5. A block that was touched and went through a reserve is pristine in all its pages. */
TEST(blocks_come_clean_from_a_reserve)
{
	struct page *block, *p[512] = { NULL };

	CHECK(mempool_init_page_pool(&pool, 1, 2) == 0);
	block = mempool_alloc_preallocated(&pool);
	set_page_private(block + 1, 77);
	mempool_free(block, &pool);
	mempool_exit(&pool);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 512, p) == 512);
	for (int i = 0; i < 512; i++)
		CHECK(page_private(p[i]) == 0);
	release_pages(p, 512);
}

/* 6. What is no page of ours never enters the reserve of a pool of our pages. */
TEST(foreign_pointers_into_a_short_pool)
{
	static char local[64];
	struct page *p;

	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0);
	p = mempool_alloc_preallocated(&pool);
	mempool_free(local, &pool);
	CHECK(bugs == 1 && pool.curr_nr == 1);
	mempool_free(page_address(p), &pool);
	CHECK(bugs == 2 && pool.curr_nr == 1);
	mempool_free(p, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

/* 7. A pool of blocks does not take smaller ones: its next user would write beyond them. */
TEST(single_page_into_a_pool_of_blocks)
{
	struct page *one = alloc_page(GFP_KERNEL), *block;

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 1, 2) == 0);
	block = mempool_alloc_preallocated(&pool);
	mempool_free(one, &pool);
	CHECK(bugs == 1 && pool.curr_nr == 0 && page_count(one) == 1);
	__free_page(one);
	mempool_free(block, &pool);
	mempool_exit(&pool);
}

/* 8. Elements in delivery to a callback don't hide the reserve, and the end of a delivery wakes. */
static atomic_int stage;

static unsigned int no_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
			    void (*cb)(struct page *, void *), void *cb_data)
{
	(void)gfp, (void)nr, (void)data, (void)array, (void)cb, (void)cb_data;
	return 0;
}

static void page_free(void *page, void *data)
{
	(void)data;
	__free_page(page);
}

static void slow_cb(struct page *page, void *data)
{
	(void)page;
	(void)data;
	if (stage == 0) {
		stage = 1;
		UNTIL(stage == 2);
	}
}

static void quick_cb(struct page *page, void *data)
{
	(void)page;
	++*(int *)data;
}

static void *slow_request(void *arg)
{
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 4, slow_cb, NULL));
	return arg;
}

static void *quick_request(void *n)
{
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 4, quick_cb, n));
	return NULL;
}

TEST(K103_reserve_filled_during_a_delivery)
{
	pthread_t t;
	int n = 0;

	CHECK(mempool_init_pages_bulk(&pool, 4, no_bulk, page_free, NULL) == 0);
	CHECK(pthread_create(&t, NULL, slow_request, NULL) == 0);
	UNTIL(stage == 1);
	for (int i = 0; i < 4; i++)
		mempool_free(alloc_page(GFP_KERNEL), &pool);
	CHECK(pool.curr_nr == 4);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT, 4, quick_cb, &n) && n == 4);
	stage = 2;
	pthread_join(t, NULL);
}

TEST(K44_end_of_a_delivery_wakes)
{
	pthread_t slow, quick;
	int n = 0;

	configure(0, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 4, no_bulk, page_free, NULL) == 0);
	CHECK(pthread_create(&slow, NULL, slow_request, NULL) == 0);
	UNTIL(stage == 1);
	for (int i = 0; i < 4; i++)
		mempool_free(alloc_page(GFP_KERNEL), &pool);
	CHECK(pthread_create(&quick, NULL, quick_request, &n) == 0);
	nap_ms(100);
	stage = 2;
	pthread_join(slow, NULL);
	pthread_join(quick, NULL); /* hangs: nobody wakes it */
	CHECK(n == 4);
}

/* 9. Two shrinks at once leave the reserve full. */
/* Spins, so that both threads run at the same time, but not for ever: there may be one CPU for both. */
static void wait_a_bit(void)
{
	static _Thread_local int spins;

	if (++spins % 1000 == 0 || under_valgrind())
		sched_yield();
}

static int shrinks;
static atomic_int shrink_round, shrink_done;

static void *shrinker(void *arg)
{
	for (int i = 1; i <= shrinks; i++) {
		while (shrink_round < i)
			wait_a_bit();
		mempool_resize(&pool, 3);
		shrink_done = i;
	}
	return arg;
}

TEST(K56_two_shrinks)
{
	pthread_t t;

	shrinks = rounds_to_do(50000);
	CHECK(mempool_init_kmalloc_pool(&pool, 40, 16) == 0);
	CHECK(pthread_create(&t, NULL, shrinker, NULL) == 0);
	for (int i = 1; i <= shrinks; i++) {
		CHECK(mempool_resize(&pool, 40) == 0);
		shrink_round = i;
		mempool_resize(&pool, 3);
		while (shrink_done < i)
			wait_a_bit();
		CHECK(pool.curr_nr == 3);
	}
	pthread_join(t, NULL);
	mempool_exit(&pool);
}

/* 10. __GFP_NOFAIL adds nothing to a mask that may sleep: the reserve still serves. */
static void *nofail(void *arg)
{
	(void)arg;
	return mempool_alloc(&pool, GFP_KERNEL | __GFP_NOFAIL);
}

TEST(K27_nofail_is_served_from_the_reserve)
{
	struct page *p[256] = { NULL }, *mine;
	unsigned long n;
	pthread_t t;
	void *got;

	configure(256 * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	mine = mempool_alloc_preallocated(&pool);
	n = alloc_pages_bulk(GFP_ATOMIC | __GFP_NOWARN, 256, p);
	CHECK(pthread_create(&t, NULL, nofail, NULL) == 0);
	nap_ms(100);
	mempool_free(mine, &pool);
	pthread_join(t, &got); /* hangs */
	CHECK(got == mine);
	mempool_free(got, &pool);
	release_pages(p, (int)n);
	mempool_exit(&pool);
}

/* 11. A dump into a pipe that nobody reads holds no lock meanwhile. */
static int ends[2];

static void *dump(void *arg)
{
	mempool_bulk_dump(ends[1]);
	return arg;
}

static void *a_block(void *done)
{
	__free_pages(alloc_pages(GFP_KERNEL, 5), 5);
	*(atomic_int *)done = 1;
	return NULL;
}

TEST(dump_to_a_full_pipe)
{
	static char text[1 << 16];
	static atomic_int done;
	ssize_t length;
	pthread_t d, a;
	int room;

	__free_page(alloc_page(GFP_KERNEL));
	CHECK(pipe(ends) == 0 && mempool_bulk_dump(ends[1]) == 0);
	length = read(ends[0], text, sizeof(text));
	room = 4096 * (int)(sizeof(text) / 4096) - (int)length + 12;
	CHECK(write(ends[1], text, (size_t)room) == room);
	CHECK(pthread_create(&d, NULL, dump, NULL) == 0);
	nap_ms(200);
	CHECK(pthread_create(&a, NULL, a_block, &done) == 0);
	UNTIL(done);
	CHECK(read(ends[0], text, sizeof(text)) > 0);
	pthread_join(d, NULL);
	pthread_join(a, NULL);
}

/* 12. __GFP_ZERO in a bulk request is reported like in mempool_alloc (H34). */
TEST(H34_zero_in_bulk)
{
	struct page *p[2] = { NULL };

	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 2, no_bulk, page_free, NULL) == 0);
	for (int round = 0; round < 2; round++) {
		memset(p, 0, sizeof(p));
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL | __GFP_ZERO, 2, p) && warns == 1);
		mempool_bulk_free_pages(&pool, p, 2);
	}
	mempool_exit(&pool);
}

/* 13. A failed init leaves an uninitialised pool, whatever the memory held. */
TEST(init_without_functions_leaves_no_pool)
{
	memset(&pool, 0x5a, sizeof(pool));
	CHECK(mempool_init(&pool, 1, NULL, counter_free, &c) == -EINVAL && !mempool_initialized(&pool));
	mempool_exit(&pool);
	memset(&pool, 0x5a, sizeof(pool));
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, page_free, &c) == -EINVAL && !mempool_initialized(&pool));
}

/* 14. What can't be preallocated is said. */
TEST(preallocation_that_falls_short)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct rlimit little = { 64 << 20, 64 << 20 };

	if (under_valgrind())
		exit(77); /* Valgrind itself would hit the limit */
	catch_reports();
	config.limit_bytes = config.prealloc_bytes = 1 << 30;
	CHECK(mempool_bulk_configure(&config) == 0 && setrlimit(RLIMIT_DATA, &little) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(warns == 1);
}

TEST_MAIN()
