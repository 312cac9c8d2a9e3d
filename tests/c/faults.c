/* Fault injection: contract K160 to K165, the attributes by function and by environment, and that a pool goes on
 * answering while the page allocator fails. */
#include "check.h"
#include <signal.h>

static mempool_t pool;
static struct counter c;

static int fail(enum mempool_bulk_fault which, unsigned long probability, unsigned long interval, long times, unsigned long space)
{
	struct mempool_bulk_fault_attr attr = { probability, interval, times, space };

	return mempool_bulk_set_fault(which, &attr);
}

static void counted_pool(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

/* Which of `n` requests met the pool's function; all elements are given back. */
static void pattern(char *out, int n)
{
	for (int i = 0; i < n; i++) {
		int before = c.allocs;
		void *element = mempool_alloc(&pool, GFP_NOWAIT);

		CHECK(element);
		out[i] = c.allocs > before ? 'a' : 'F';
		mempool_free(element, &pool);
	}
	out[n] = '\0';
}

TEST(K160_the_reserve_answers)
{
	void *e[4];

	counted_pool(3);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 1, -1, 0) == 0);
	for (int i = 0; i < 4; i++)
		e[i] = mempool_alloc(&pool, GFP_NOWAIT);
	CHECK(e[0] && e[1] && e[2] && !e[3] && c.allocs == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, NULL) == 0);
	CHECK((e[3] = mempool_alloc(&pool, GFP_NOWAIT)) && c.allocs == 1);
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

TEST(K161_K162_K163_K165_times_interval_probability_space)
{
	char got[16];

	counted_pool(2);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 1, 1, 0) == 0);
	pattern(got, 4);
	CHECK(strcmp(got, "Faaa") == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 3, -1, 0) == 0);
	pattern(got, 7);
	CHECK(strcmp(got, "aaFaaFa") == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 0, 1, -1, 0) == 0);
	pattern(got, 4);
	CHECK(strcmp(got, "aaaa") == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 1, -1, 4) == 0);
	pattern(got, 5);
	CHECK(strcmp(got, "aaaFF") == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 0, 2, 1) == 0);
	pattern(got, 3);
	CHECK(strcmp(got, "FFa") == 0);
	mempool_exit(&pool);
}

/* A single request asks at each pass, so one that sleeps gets on when the faults end. */
TEST(a_request_that_may_sleep_never_fails)
{
	void *e[2];

	configure(64 << 20, 10);
	counted_pool(1);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 1, 5, 0) == 0);
	CHECK((e[0] = mempool_alloc(&pool, GFP_KERNEL)) && c.allocs == 0);
	CHECK((e[1] = mempool_alloc(&pool, GFP_KERNEL)) && c.allocs == 1);
	CHECK(pool_waits(&pool) >= 1);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
}

static unsigned int bulk_calls;

static unsigned int counted_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array, void (*cb)(struct page *, void *), void *arg)
{
	bulk_calls++;
	return mempool_bulk_alloc_pages(gfp, nr, data, array, cb, arg);
}

static void keep(struct page *page, void *data)
{
	struct page ***at = data;

	*(*at)++ = page;
}

/* Once a call, whatever the call asks for. */
TEST(K164_bulk_calls_take_all_from_the_reserve)
{
	struct page *p[16] = { NULL }, **at = p;
	void *e[4] = { NULL };

	CHECK(mempool_init_pages_bulk(&pool, 16, counted_bulk, mempool_bulk_free_page, NULL) == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK, 100, 1, 2, 0) == 0);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 16, p) && pool.curr_nr == 0 && bulk_calls == 0);
	mempool_bulk_free_pages(&pool, p, 16);
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, 5, keep, &at) && pool.curr_nr == 11 && bulk_calls == 0);
	mempool_bulk_free_pages(&pool, p, 5);
	memset(p, 0, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 16, p) && pool.curr_nr == 16 && bulk_calls == 1);
	mempool_bulk_free_pages(&pool, p, 16);
	mempool_exit(&pool);

	counted_pool(4);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK, 100, 1, 1, 0) == 0);
	CHECK(mempool_alloc_bulk(&pool, e, 4) == 0 && c.allocs == 0 && pool.curr_nr == 0);
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], &pool);
	mempool_exit(&pool);
}

/* When the reserve can't, a call that may sleep asks its source with the second pass; another fails. */
TEST(a_bulk_call_beyond_the_reserve)
{
	struct page *p[16] = { NULL };

	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK, 100, 1, -1, 0) == 0);
	CHECK(!mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, 16, p));
	mempool_bulk_free_pages(&pool, p, 16);
	memset(p, 0, sizeof(p));
	catch_reports();
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 16, p) && pool.curr_nr == 4 && bugs == 0);
	mempool_bulk_free_pages(&pool, p, 16);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

/* Of every order and mask; counted as the pages of a block; what is spared is __GFP_NOFAIL. */
TEST(pages_fail)
{
	struct page *warm[600], *p[70] = { NULL };

	CHECK(alloc_pages_bulk(GFP_KERNEL, 70, p) == 70);
	release_pages(p, 70);
	memset(p, 0, sizeof(p));
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 100, 1, -1, 0) == 0);
	CHECK(!alloc_page(GFP_KERNEL) && !alloc_page(GFP_ATOMIC) && !alloc_pages(GFP_KERNEL, 3) && !get_zeroed_page(GFP_KERNEL));
	p[0] = (struct page *)1;
	CHECK(alloc_pages_bulk(GFP_KERNEL, 70, p) == 1 && !p[1]);
	CHECK(alloc_pages_bulk_cb(GFP_KERNEL, 70, keep, &(struct page **){ p }) == 0);
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == -ENOMEM);
	CHECK((p[0] = alloc_page(GFP_KERNEL | __GFP_NOFAIL)));
	__free_page(p[0]);
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 100, 1, -1, 20) == 0);
	CHECK((p[0] = alloc_pages(GFP_KERNEL, 4)) && (p[1] = alloc_pages(GFP_KERNEL, 1)) && (p[2] = alloc_page(GFP_KERNEL)) && !alloc_page(GFP_KERNEL));
	__free_pages(p[0], 4);
	__free_pages(p[1], 1);
	__free_page(p[2]);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
	memset(warm, 0, sizeof(warm));
	CHECK(alloc_pages_bulk(GFP_KERNEL, 600, warm) == 600);
	release_pages(warm, 600);
	CHECK(outstanding() == 0);
	check_conserved();
}

static unsigned long cached(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return (unsigned long)s.pages_cached;
}

/* The page cache is of no use while faults are on, and used again afterwards. */
TEST(the_cache_comes_back)
{
	struct page *p;

	CHECK((p = alloc_page(GFP_KERNEL)));
	__free_page(p);
	CHECK(cached() > 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 1, 1000000, -1, 0) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(cached() == 0 && (p = alloc_page(GFP_KERNEL)));
		__free_page(p);
	}
	CHECK(cached() == 0);
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
	CHECK((p = alloc_page(GFP_KERNEL)));
	__free_page(p);
	CHECK(cached() > 0);
	check_conserved();
}

/* A pool of pages asks once a pass, and its reserve answers each time. */
TEST(a_pool_of_pages_while_pages_fail)
{
	struct page *p[8];

	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 100, 1, -1, 0) == 0);
	for (int i = 0; i < 100; i++) {
		memset(p, 0, sizeof(p));
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p) && pool.curr_nr == 0);
		CHECK(!mempool_alloc(&pool, GFP_NOWAIT));
		mempool_bulk_free_pages(&pool, p, 8);
		CHECK(pool.curr_nr == 8);
	}
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 100, 1, 1, 0) == 0);
	memset(p, 0, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p) && pool.curr_nr == 0);
	mempool_bulk_free_pages(&pool, p, 8);
	memset(p, 0, sizeof(p));
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p) && pool.curr_nr == 8);
	mempool_bulk_free_pages(&pool, p, 8);
	CHECK(fail(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, 100, 1, -1, 0) == 0);
	CHECK((p[0] = mempool_alloc(&pool, GFP_KERNEL)) && pool.curr_nr == 7);
	mempool_free(p[0], &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(nonsense_is_refused)
{
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 101, 1, 1, 0) == -EINVAL);
	CHECK(fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, 100, 1, -2, 0) == -EINVAL);
	CHECK(fail((enum mempool_bulk_fault)3, 100, 1, 1, 0) == -EINVAL);
	CHECK(mempool_bulk_set_fault((enum mempool_bulk_fault)99, NULL) == -EINVAL);
}

static void setenv_all(const char *value)
{
	setenv("MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC", value, 1);
	setenv("MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK", value, 1);
	setenv("MEMPOOL_BULK_FAIL_PAGE_ALLOC", value, 1);
}

TEST(the_environment)
{
	char got[16];

	setenv("MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC", "2,100,3,2", 1);
	counted_pool(2);
	pattern(got, 8);
	CHECK(strcmp(got, "aaaFaFaa") == 0);
	mempool_exit(&pool);
}

TEST(the_environment_for_pages)
{
	struct page *p;

	setenv("MEMPOOL_BULK_FAIL_PAGE_ALLOC", "1,100,0,2", 1);
	CHECK(!alloc_page(GFP_KERNEL) && !alloc_page(GFP_KERNEL) && (p = alloc_page(GFP_KERNEL)));
	__free_page(p);
}

TEST(a_bad_value_in_the_environment_is_said_once)
{
	catch_reports();
	setenv_all("1,100,0");
	counted_pool(2);
	CHECK(warns == 3 && strstr(last_report, "MEMPOOL_BULK_FAIL_"));
	mempool_exit(&pool);
	counted_pool(2);
	CHECK(warns == 3 && c.allocs == 0);
	mempool_exit(&pool);
}

/* The function's word is the last. */
TEST(the_function_overrides_the_environment)
{
	char got[8];

	setenv_all("1,100,0,-1");
	CHECK(mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC, NULL) == 0);
	counted_pool(2);
	pattern(got, 3);
	CHECK(strcmp(got, "aaa") == 0 && !alloc_page(GFP_KERNEL));
	mempool_exit(&pool);
}

static atomic_int in_handler, failed_there;

static void handler(int signal)
{
	struct page *page = alloc_page(GFP_ATOMIC);

	(void)signal;
	in_handler++;
	if (page)
		__free_page(page);
	else
		failed_there++;
}

/* Handlers meet faults too, wherever they interrupt; others switch faults on and off meanwhile. */
static void *switch_faults(void *stop)
{
	for (unsigned long i = 1; !*(atomic_bool *)stop; i++)
		CHECK(i % 3 ? fail(MEMPOOL_BULK_FAIL_PAGE_ALLOC, i % 100, i % 5, -1, i % 7) == 0 : mempool_bulk_set_fault(MEMPOOL_BULK_FAIL_PAGE_ALLOC, NULL) == 0);
	return NULL;
}

TEST(handlers_and_threads)
{
	static atomic_bool stop;
	int rounds = rounds_to_do(20000);
	struct page *p[100];
	pthread_t t;

	CHECK(mempool_init_pages_bulk(&pool, 50, NULL, NULL, NULL) == 0);
	signal(SIGUSR1, handler);
	CHECK(pthread_create(&t, NULL, switch_faults, &stop) == 0);
	for (int i = 0; i < rounds; i++) {
		unsigned int n = 1 + (unsigned int)i % 50;

		memset(p, 0, sizeof(p));
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, n, p));
		if (i % 16 == 0)
			raise(SIGUSR1);
		mempool_bulk_free_pages(&pool, p, n);
		if ((p[0] = alloc_pages(GFP_NOWAIT, (unsigned int)i % 4)))
			__free_pages(p[0], (unsigned int)i % 4);
	}
	stop = true;
	pthread_join(t, NULL);
	CHECK(in_handler > 0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
