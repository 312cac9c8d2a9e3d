/* Shared memory over fork: the child reads and writes the parent's pages, and whatever would hand a page out
 * or take one back is a BUG there that changes nothing. */
#include "memfd.h"
#include <signal.h>

enum { MIN_NR = 16, HELD = 400 };

static mempool_t own, classic, blocks, bulk, users, mallocs;
static struct counter c;
static struct page *held[HELD], *neighbours[128], *block, *big, *touched, *shared;
static char *exact;

static void *users_alloc(gfp_t gfp, void *data)
{
	(void)data;
	return alloc_page(gfp);
}

static void users_free(void *page, void *data)
{
	(void)data;
	__free_page(page);
}

static unsigned int users_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **pages,
			       void (*cb)(struct page *, void *), void *cb_data)
{
	(void)data;
	return pages ? (unsigned int)alloc_pages_bulk(gfp, nr, pages) : (unsigned int)alloc_pages_bulk_cb(gfp, nr, cb, cb_data);
}

static void set_up(void)
{
	configure_memfd(LIMIT, 0);
	catch_reports();
	CHECK(mempool_init_pages_bulk(&own, MIN_NR, NULL, NULL, NULL) == 0);
	CHECK(mempool_init_page_pool(&classic, MIN_NR, 0) == 0 && mempool_init_page_pool(&blocks, 2, 2) == 0);
	CHECK(mempool_init_pages_bulk(&bulk, MIN_NR, users_bulk, users_free, NULL) == 0);
	CHECK(mempool_init(&users, 4, users_alloc, users_free, NULL) == 0);
	CHECK(mempool_init(&mallocs, 4, counter_alloc, counter_free, &c) == 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 128, neighbours) == 128 && page_to_pfn(neighbours[0]) % 64 == 0);
	CHECK(neighbours[63] == neighbours[0] + 63 && neighbours[127] == neighbours[64] + 63);
	CHECK((block = alloc_pages(GFP_KERNEL | __GFP_COMP, 3)) && (big = alloc_pages(GFP_KERNEL, 5)));
	CHECK(alloc_pages_bulk(GFP_KERNEL, HELD, held) == HELD);
	for (int i = 0; i < HELD; i += 2) /* so that there are free pages in the slab, and no runs */
		__free_page(held[i]);
	for (int i = 0; i < HELD / 2; i++)
		held[i] = held[2 * i + 1];
	CHECK((touched = alloc_page(GFP_KERNEL)) && (shared = alloc_page(GFP_KERNEL)));
	set_page_private(touched, 42);
	get_page(shared);
	CHECK((exact = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL)));
	memset(page_address(held[0]), 1, PAGE_SIZE);
}

static void tear_down(void)
{
	release_pages(held, HELD / 2);
	release_pages(neighbours, 128);
	put_page(block);
	__free_pages(big, 5);
	__free_page(touched);
	put_page(shared);
	put_page(shared);
	free_pages_exact(exact, 3 * PAGE_SIZE);
	mempool_exit(&own);
	mempool_exit(&classic);
	mempool_exit(&blocks);
	mempool_exit(&bulk);
	mempool_exit(&users);
	mempool_exit(&mallocs);
	CHECK(outstanding() == 0 && warns == 0 && bugs == 0);
	check_conserved();
}

static void ignore(struct page *page, void *data)
{
	(void)page;
	++*(int *)data;
}

static void ignore_run(struct page *page, unsigned int nr, void *data)
{
	(void)page;
	*(int *)data += (int)nr;
}

static void pages_are_refused(void)
{
	struct list_head list = { &list, &list };
	struct page *p[1000] = { NULL };
	int calls = 0;

	REFUSED(!alloc_page(GFP_KERNEL));
	REFUSED(!alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	REFUSED(!alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	REFUSED(!alloc_page(GFP_ATOMIC | __GFP_ZERO));
	REFUSED(!alloc_pages(GFP_KERNEL, 3));
	REFUSED(!__get_free_page(GFP_KERNEL));
	REFUSED(!alloc_pages_exact(8192, GFP_KERNEL));
	for (unsigned long n = 1; n <= 1000; n *= 10)
		REFUSED(alloc_pages_bulk(GFP_KERNEL, n, p) == 0 && !p[0]);
	REFUSED(alloc_pages_bulk_list(GFP_KERNEL, 5, &list) == 0 && list.next == &list);
	REFUSED(alloc_pages_bulk_cb(GFP_KERNEL, 5, ignore, &calls) == 0 && calls == 0);
	REFUSED_CALL(__free_page(held[0]));
	REFUSED_CALL(put_page(held[0]));
	REFUSED_CALL(free_page((unsigned long)page_address(held[0])));
	REFUSED_CALL(release_pages(held, HELD / 2));
	REFUSED_CALL(release_pages(neighbours, 10));
	REFUSED_CALL(release_pages(neighbours, 128));
	REFUSED_CALL(put_page(block));
	REFUSED_CALL(__free_pages(block, 3));
	REFUSED_CALL(__free_pages(big, 5));
	REFUSED_CALL(free_pages_exact(exact, 3 * PAGE_SIZE));
	REFUSED(page_private(touched) == 42 && (put_page(touched), page_private(touched) == 42));
	REFUSED(mempool_bulk_trim(0) == 0);
	for (int i = 0; i < HELD / 2; i++)
		CHECK(page_count(held[i]) == 1);
	for (int i = 0; i < 128; i++)
		CHECK(page_count(neighbours[i]) == 1);
	CHECK(page_count(block) == 1 && page_count(touched) == 1);
}

static void pool_is_refused(mempool_t *pool)
{
	struct timespec second = { 1, 0 };
	struct page *p[100] = { NULL };
	int nr = pool->curr_nr, calls = 0;

	REFUSED(!mempool_alloc(pool, GFP_KERNEL));
	REFUSED(!mempool_alloc(pool, GFP_NOWAIT));
	REFUSED(!mempool_alloc_preallocated(pool));
	REFUSED(!mempool_alloc_noreserve(pool, GFP_KERNEL));
	REFUSED(!mempool_alloc_pages_bulk_array(pool, GFP_KERNEL, 3, p));
	REFUSED(!mempool_alloc_pages_bulk_array(pool, GFP_NOWAIT, 100, p));
	REFUSED(!mempool_alloc_pages_bulk_cb(pool, GFP_KERNEL, 3, ignore, &calls));
	REFUSED(mempool_bulk_alloc_pages_timeout(pool, GFP_KERNEL, 3, p, &second) < 0);
	REFUSED(mempool_alloc_bulk(pool, (void **)p, 3) != 0);
	REFUSED(mempool_resize(pool, 1) == -EINVAL && mempool_resize(pool, 100) == -EINVAL);
	REFUSED_CALL(mempool_exit(pool));
	REFUSED_CALL(mempool_destroy(pool));
	for (int i = 0; i < 100; i++)
		CHECK(!p[i]);
	CHECK(calls == 0 && pool->curr_nr == nr && mempool_initialized(pool));
}

static void done(struct mempool_bulk_request *request)
{
	++*(int *)request->user_data;
}

static void own_pool_is_refused(void)
{
	struct page *slots[4] = { NULL };
	int calls = 0;
	struct mempool_bulk_request request = { .page_array = slots, .nr = 4, .gfp = GFP_KERNEL, .done = done, .user_data = &calls };
	void *buffers[4];

	REFUSED(!mempool_bulk_alloc_runs(&own, GFP_KERNEL, 4, ignore_run, &calls));
	REFUSED(!mempool_bulk_alloc_buffers(&own, GFP_KERNEL, 4, buffers));
	REFUSED(mempool_bulk_submit(&own, &request) == -EINVAL && calls == 0);
	REFUSED_CALL(mempool_free(held[0], &own));
	REFUSED_CALL(mempool_bulk_free_pages(&own, neighbours, 128));
	REFUSED_CALL(mempool_free(held[0], &users));
	REFUSED_CALL(mempool_free(held[0], &bulk));
	REFUSED(mempool_init_pages_bulk(&(mempool_t){ 0 }, 2, NULL, NULL, NULL) == -ENOMEM);
	REFUSED(!mempool_create_page_pool(1, 0));
}

/* A reserve that is short would take a page; and others could take it there. */
static void short_pool_is_refused(void)
{
	struct page *one = held[1];

	own.min_nr = MIN_NR + 4;
	REFUSED_CALL(mempool_free(one, &own));
	REFUSED(mempool_free_bulk(&own, (void **)&one, 1) == 1);
	REFUSED(mempool_bulk_refill(&own, GFP_KERNEL) == 0);
	CHECK(own.curr_nr == MIN_NR && page_count(held[1]) == 1);
	own.min_nr = MIN_NR;
}

static void others_go_on(void)
{
	void *e[8];

	c.fail = 1;
	for (int i = 0; i < 4; i++)
		CHECK((e[i] = mempool_alloc(&mallocs, GFP_KERNEL)));
	CHECK(!mempool_alloc(&mallocs, GFP_NOWAIT));
	c.fail = 0;
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], &mallocs);
	CHECK(mempool_resize(&mallocs, 8) == 0 && mallocs.curr_nr == 8);
	mempool_exit(&mallocs);
}

static void *thread_is_refused(void *arg)
{
	REFUSED(!alloc_page(GFP_KERNEL));
	REFUSED_CALL(__free_page(held[3]));
	return arg;
}

static void child(void)
{
	unsigned char *bytes = page_address(held[0]);
	pthread_t t;

	alarm(60);
	CHECK(bytes[0] == 1 && bytes[4095] == 1);
	memset(bytes, 2, PAGE_SIZE);
	CHECK(virt_to_page(bytes + 5) == held[0] && mempool_bulk_memfd() >= 0);
	get_page(shared);
	put_page(shared);
	put_page(shared); /* none of these is the last */
	CHECK(bugs == 0 && page_count(shared) == 1);
	pages_are_refused();
	pool_is_refused(&own);
	pool_is_refused(&classic);
	pool_is_refused(&blocks);
	pool_is_refused(&bulk);
	pool_is_refused(&users);
	own_pool_is_refused();
	short_pool_is_refused();
	others_go_on();
	CHECK(pthread_create(&t, NULL, thread_is_refused, NULL) == 0 && pthread_join(t, NULL) == 0);
	CHECK(warns == 0 && bytes[0] == 2);
}

TEST(a_child_may_use_pages_but_own_none)
{
	unsigned long before;
	pid_t pid;

	set_up();
	before = outstanding();
	if ((pid = fork()) == 0) {
		child();
		if ((pid = fork()) == 0) { /* and what holds for a child holds for its children */
			CHECK(*(char *)page_address(held[0]) == 2);
			memset(page_address(held[0]), 3, PAGE_SIZE);
			REFUSED(!alloc_page(GFP_KERNEL));
			_exit(0);
		}
		wait_for(pid);
		_exit(0);
	}
	wait_for(pid);
	CHECK(*(char *)page_address(held[0]) == 3 && outstanding() == before && page_private(touched) == 42);
	check_conserved();
	tear_down();
}

/* Without a handler the child ends at once. */
TEST(a_bug_ends_the_child)
{
	struct page *page;
	int status;
	pid_t pid;

	configure_memfd(LIMIT, 0);
	page = alloc_page(GFP_KERNEL);
	if ((pid = fork()) == 0) {
		close(2);
		__free_page(page);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	__free_page(page);
	check_conserved();
}

/* Who has used nothing before has nothing that is the parent's. */
TEST(a_child_of_a_parent_without_pages)
{
	pid_t pid = fork();

	if (pid == 0) {
		configure_memfd(LIMIT, 0);
		__free_page(alloc_page(GFP_KERNEL));
		CHECK(mempool_bulk_memfd() > 2);
		_exit(0);
	}
	wait_for(pid);
}

TEST_MAIN()
