/* Sleeping for elements: nobody hangs, whatever the sizes; who is woken; requests above min_nr. */
#include "sleepers.h"

static void *all_of_it(void *arg)
{
	int n = *(int *)arg;

	while (n--) {
		void *e[16] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 16, (struct page **)e));
		free_all(e, 16);
	}
	return NULL;
}

TEST(K100_two_threads_want_the_whole_reserve)
{
	int n = rounds_to_do(20000);
	pthread_t t[2];

	set_up(16, 60000);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, all_of_it, &n) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 16 && c.frees == 0);
	mempool_exit(&pool);
}

static void *mixed_sizes(void *arg)
{
	unsigned int x = (unsigned int)(uintptr_t)arg;
	int n = rounds_to_do(20000);

	while (n--) {
		void *e[8] = { NULL };
		int nr = 1 + (int)((x = x * 1103515245 + 12345) >> 16) % 8;

		if (nr == 1)
			e[0] = mempool_alloc(&pool, GFP_NOIO);
		else
			CHECK(mempool_alloc_bulk(&pool, e, (unsigned int)nr) == 0);
		CHECK(e[nr - 1]);
		free_all(e, nr);
	}
	return arg;
}

TEST(K120_any_mix_of_sizes_up_to_min_nr_goes_on)
{
	pthread_t t[6];

	set_up(8, 60000);
	for (uintptr_t i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, mixed_sizes, (void *)(i + 1)) == 0);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 8 && c.frees == 0 && stats().waiters == 0);
	mempool_exit(&pool);
}

/* Passes one element on until each of n sleepers has had it. */
static void free_from(struct bulk *b, int n)
{
	for (int served = 1; served <= n; served++) {
		int i = 0;

		while (!b[i].e[0])
			i = (i + 1) % n;
		pthread_join(b[i].thread, NULL);
		mempool_free(b[i].e[0], &pool);
		b[i].e[0] = NULL;
	}
}

TEST(K42_one_free_wakes_all_and_serves_one)
{
	static struct bulk b[5];
	void *e[1];

	set_up(1, 60000);
	take_all(e, 1);
	for (int i = 0; i < 5; i++)
		start_bulk(&b[i], 1);
	CHECK(c.allocs == 10 && stats().waiters == 5);
	mempool_free(e[0], &pool);
	while (stats().waits < 5 + 4)
		nap_ms(1);
	nap_ms(50);
	CHECK(c.allocs == 15 && stats().waits == 9 && stats().waiters == 4 && pool.curr_nr == 0);
	free_from(b, 5);
	mempool_exit(&pool);
}

static void *limited(void *arg)
{
	struct timespec limit = { 1, 500000000 };

	CHECK(mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 1, arg, &limit) == 0);
	return arg;
}

TEST(the_first_who_finds_the_source_working_calls_the_others)
{
	static struct bulk b[3];
	struct page *p[1] = { NULL };
	void *e[1];
	pthread_t t;

	set_up(1, 60000);
	take_all(e, 1);
	for (int i = 0; i < 3; i++)
		start_bulk(&b[i], 1);
	CHECK(pthread_create(&t, NULL, limited, p) == 0);
	while (stats().waits < 4)
		nap_ms(1);
	c.fail = 0;
	pthread_join(t, NULL);
	for (int i = 0; i < 3; i++) {
		pthread_join(b[i].thread, NULL);
		mempool_free(b[i].e[0], &pool);
	}
	mempool_free(p[0], &pool);
	mempool_free(e[0], &pool);
	CHECK(c.frees == 4 && pool.curr_nr == 1);
	mempool_exit(&pool);
}

TEST(H99_requests_above_min_nr_take_turns)
{
	static struct bulk b[2];
	void *e[4];

	catch_reports();
	set_up(4, 60000);
	take_all(e, 4);
	start_bulk(&b[0], 6);
	start_bulk(&b[1], 6);
	for (int i = 0; i < 6; i++) {
		mempool_free(i < 4 ? e[i] : malloc(32), &pool);
		while (pool.curr_nr)
			nap_ms(1);
	}
	pthread_join(b[0].thread, NULL);
	CHECK(b[1].e[0] == NULL && warns == 1);
	for (int i = 0; i < 6; i++) {
		mempool_free(b[0].e[i], &pool);
		while (pool.curr_nr)
			nap_ms(1);
	}
	pthread_join(b[1].thread, NULL);
	free_all(b[1].e, 6);
	CHECK(pool.curr_nr == 4 && c.frees == 2);
	mempool_exit(&pool);
}

TEST(a_request_that_a_shrink_makes_too_large_goes_on)
{
	static struct bulk b;
	void *e[4];

	catch_reports();
	set_up(4, 60000);
	take_all(e, 4);
	mempool_free(e[0], &pool);
	start_bulk(&b, 4);
	CHECK(mempool_resize(&pool, 2) == 0);
	for (int i = 1; i < 4; i++) {
		while (pool.curr_nr)
			nap_ms(1);
		mempool_free(e[i], &pool);
	}
	pthread_join(b.thread, NULL);
	CHECK(warns == 1 && c.frees == 0);
	free_all(b.e, 4);
	CHECK(pool.curr_nr == 2 && c.frees == 2);
	mempool_exit(&pool);
}

TEST(a_sleeper_of_an_exited_pool_comes_back)
{
	static struct bulk b;
	void *e[2];

	catch_reports();
	set_up(2, 60000);
	take_all(e, 2);
	start_bulk(&b, 2);
	b.may_fail = 1;
	mempool_exit(&pool);
	CHECK(bugs == 1 && !mempool_initialized(&pool) && stats().waiters == 0);
	pthread_join(b.thread, NULL);
	CHECK(b.e[0] == NULL);
	free(e[0]);
	free(e[1]);
}

TEST_MAIN()
