/* Requests of event loops under threads: pages of the allocator, functions that call back in, races. */
#include "check.h"
#include <sched.h>

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	configure(0, 60000);
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.fail = 1;
}

struct one {
	struct mempool_bulk_request request;
	struct page *page;
	atomic_int done;
};

static void note_done(struct mempool_bulk_request *request)
{
	((struct one *)request->user_data)->done++;
}

static int submit(struct one *one, void (*done)(struct mempool_bulk_request *))
{
	one->request.page_array = &one->page;
	one->request.nr = 1;
	one->request.gfp = GFP_KERNEL;
	one->request.done = done;
	one->request.user_data = one;
	return mempool_bulk_submit(&pool, &one->request);
}

static void *hoard;

static int take_every_page(void)
{
	struct page *page;
	int n = 0;

	for (; (page = alloc_page(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN)); n++) {
		*(void **)page_address(page) = hoard;
		hoard = page;
	}
	return n;
}

static void free_a_page(void)
{
	struct page *page = hoard;

	hoard = *(void **)page_address(page);
	__free_page(page);
}

TEST(pages_that_come_back_to_the_allocator_complete)
{
	static struct one a, b;
	struct page *mine;
	int n;

	configure(300 * 4096, 60000);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	mine = mempool_alloc_preallocated(&pool);
	n = take_every_page();
	CHECK(submit(&a, note_done) == 0 && submit(&b, note_done) == 0);
	while (a.done == 0) {
		CHECK(n-- > 0 && b.done == 0);
		free_a_page();
	}
	free_a_page();
	CHECK(a.page && b.done == 1 && b.page && b.page != a.page);
	while (hoard)
		free_a_page();
	mempool_free(mine, &pool);
	mempool_free(a.page, &pool);
	mempool_free(b.page, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

/* Frees the next page, which completes the next request: the outer call has to do that. */
static void free_another(struct mempool_bulk_request *request)
{
	note_done(request);
	free_a_page();
}

TEST(a_function_that_frees_a_page_completes_the_next)
{
	static struct one all[3];
	struct page *mine;

	configure(300 * 4096, 60000);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	mine = mempool_alloc_preallocated(&pool);
	take_every_page();
	for (int i = 0; i < 3; i++)
		CHECK(submit(&all[i], i < 2 ? free_another : note_done) == 0);
	while (!all[0].done)
		free_a_page();
	CHECK(all[1].done == 1 && all[2].done == 1);
	while (hoard)
		free_a_page();
	for (int i = 0; i < 3; i++)
		mempool_free(all[i].page, &pool);
	mempool_free(mine, &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static char *deepest;
static struct one chain[10000];

/* Passes its element on, which completes the next request, and asks again once. */
static void pass_on(struct mempool_bulk_request *request)
{
	struct one *one = request->user_data;
	struct page *page = one->page;
	char here;

	if (&here < deepest || !deepest)
		deepest = &here;
	one->done++;
	one->page = NULL;
	if (one->done == 1)
		CHECK(submit(one, pass_on) == 0);
	mempool_free(page, &pool);
}

TEST(functions_that_free_and_submit_do_not_pile_up)
{
	char here;
	void *e;

	set_up(1);
	e = mempool_alloc_preallocated(&pool);
	for (int i = 0; i < 10000; i++)
		CHECK(submit(&chain[i], pass_on) == 0);
	mempool_free(e, &pool);
	for (int i = 0; i < 10000; i++)
		CHECK(chain[i].done == 2);
	CHECK(&here - deepest < 16384 && pool.curr_nr == 1);
	mempool_exit(&pool);
}

static atomic_int round_nr, freed;
static void *_Atomic element;

static void *freer(void *arg)
{
	for (int i = 1; i <= *(int *)arg; i++) {
		while (round_nr < i)
			sched_yield();
		mempool_free(element, &pool);
		freed = i;
	}
	return NULL;
}

TEST(withdrawn_or_completed_never_both)
{
	static struct one a;
	int n = rounds_to_do(20000), withdrawn = 0, completed = 0, delay = 0;
	pthread_t t;

	set_up(1);
	element = mempool_alloc_preallocated(&pool);
	CHECK(pthread_create(&t, NULL, freer, &n) == 0);
	for (int i = 1; i <= n; i++) {
		int result;

		a.done = 0;
		a.page = NULL;
		CHECK(submit(&a, note_done) == 0);
		round_nr = i;
		for (volatile int wait = delay; wait > 0; wait--)
			;
		result = mempool_bulk_cancel(&pool, &a.request);
		while (freed < i)
			sched_yield();
		CHECK(result == 0 || result == -ENOENT);
		CHECK(a.done == (result != 0) && (a.page != NULL) == (result != 0));
		element = result ? (void *)a.page : mempool_alloc_preallocated(&pool);
		CHECK(element && pool.curr_nr == 0);
		*(result ? &completed : &withdrawn) += 1;
		/* Stay where either may win. */
		delay += result ? -delay / 4 : delay / 32 + 20;
	}
	pthread_join(t, NULL);
	fprintf(stderr, "%d withdrawn, %d completed\n", withdrawn, completed);
	CHECK(under_valgrind() || (withdrawn > 0 && completed > 0));
	mempool_free(element, &pool);
	mempool_exit(&pool);
}

static atomic_int left;

static void count_down(struct mempool_bulk_request *request)
{
	struct one *one = request->user_data;

	one->done++;
	mempool_free(one->page, &pool);
	left--;
}

static void *requester(void *arg)
{
	struct one *mine = arg;

	for (int i = 0; i < 1000; i++)
		if (submit(&mine[i], count_down) == 1)
			count_down(&mine[i].request);
	return NULL;
}

static void *ping(void *arg)
{
	while (left > 0)
		mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	return arg;
}

TEST(many_threads_complete_each_request_once)
{
	static struct one all[4][1000];
	pthread_t t[6];

	set_up(2);
	left = 4000;
	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, i < 4 ? requester : ping, i < 4 ? all[i] : NULL) == 0);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 4000; i++)
		CHECK(all[i / 1000][i % 1000].done == 1);
	CHECK(left == 0 && pool.curr_nr == 2 && c.frees == 0);
	mempool_exit(&pool);
}

TEST_MAIN()
