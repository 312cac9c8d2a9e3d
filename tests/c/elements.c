/* mempool_alloc_bulk and mempool_free_bulk: contract K113 to K133. */
#include "check.h"

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

static void free_elements(void **e, int n)
{
	for (int i = 0; i < n; i++)
		mempool_free(e[i], &pool);
}

static void check_all_different(void **e, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			CHECK(e[i] && e[i] != e[j]);
}

TEST(K113_K123_K125_both_spellings)
{
	void *e[4] = { NULL };

	set_up(4);
	CHECK(mempool_alloc_bulk(&pool, e, 4, 0) == 0 && c.allocs == 4 && pool.curr_nr == 4);
	for (int i = 0; i < 4; i++)
		CHECK(c.masks[i] == 0x92880);
	check_all_different(e, 4);
	free_elements(e, 4);
	CHECK(mempool_alloc_bulk(&pool, e, 4) == 0 && c.allocs == 8 && pool.curr_nr == 4);
	check_all_different(e, 4);
	free_elements(e, 4);
	CHECK(mempool_alloc_bulk(&pool, e, 0, 0) == 0 && mempool_alloc_bulk(&pool, e, 0) == 0 && c.allocs == 8);
	CHECK(mempool_alloc_bulk(&pool, NULL, 0, 0) == 0 && mempool_alloc_bulk(&pool, NULL, 0) == 0);
	CHECK(mempool_alloc_bulk_noprof(&pool, NULL, 0, 0) == 0 && mempool_bulk_alloc_fresh(&pool, NULL, 0) == 0);
	mempool_exit(&pool);
}

TEST(K114_populated_slots_stay)
{
	void *mine = malloc(32), *e[3] = { NULL, mine, NULL };

	set_up(4);
	CHECK(mempool_alloc_bulk(&pool, e, 3, 1) == 0 && e[1] == mine && c.allocs == 2);
	check_all_different(e, 3);
	free_elements(e, 3);
	mempool_exit(&pool);
}

TEST(K115_all_from_the_reserve_at_once)
{
	void *e[4] = { NULL };

	set_up(4);
	c.fail = 1;
	CHECK(mempool_alloc_bulk(&pool, e, 4, 0) == 0 && c.allocs == 1 && pool.curr_nr == 0);
	check_all_different(e, 4);
	free_elements(e, 4);
	mempool_exit(&pool);
}

TEST(K117_what_the_function_gave_is_kept)
{
	void *e[6] = { NULL };

	set_up(4);
	c.fail_after = 1;
	c.allow = 3;
	CHECK(mempool_alloc_bulk(&pool, e, 6, 0) == 0 && c.allocs == 4 && pool.curr_nr == 1);
	check_all_different(e, 6);
	free_elements(e, 6);
	mempool_exit(&pool);
}

static void *element_sleeper(void *e)
{
	CHECK(mempool_alloc_bulk(&pool, (void **)e, 4) == 0);
	return NULL;
}

TEST(K116_K118_K119_all_or_nothing)
{
	void *held[3], *e[4] = { NULL };
	pthread_t t;

	configure(0, NO_RETRY);
	set_up(4);
	for (int i = 0; i < 3; i++)
		held[i] = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, element_sleeper, e) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(pool.curr_nr == 1 && c.allocs == 2 && c.masks[0] == 0x92880 && c.masks[1] == 0x92cc0);
	for (int i = 0; i < 2; i++) {
		mempool_free(held[i], &pool);
		nap_ms(30);
		CHECK(pool.curr_nr == i + 2);
	}
	mempool_free(held[2], &pool);
	pthread_join(t, NULL);
	CHECK(pool.curr_nr == 0);
	check_all_different(e, 4);
	free_elements(e, 4);
	mempool_exit(&pool);
}

static void *one_sleeper(void *arg)
{
	(void)arg;
	return mempool_alloc(&pool, GFP_KERNEL);
}

TEST(K128_free_bulk_wakes_everybody)
{
	void *held[3], *got[3];
	pthread_t t[3];

	configure(0, NO_RETRY);
	set_up(3);
	for (int i = 0; i < 3; i++)
		held[i] = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	for (int i = 0; i < 3; i++) {
		CHECK(pthread_create(&t[i], NULL, one_sleeper, NULL) == 0);
		UNTIL(pool_waits(&pool) == (unsigned long)i + 1);
	}
	CHECK(mempool_free_bulk(&pool, held, 3) == 3);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], &got[i]);
	check_all_different(got, 3);
	free_elements(got, 3);
	CHECK(pool.curr_nr == 3);
	mempool_exit(&pool);
}

static void *many_rounds(void *arg)
{
	unsigned int n = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < 1500; i++) {
		void *e[8];

		CHECK(mempool_alloc_bulk(&pool, e, n) == 0);
		free_elements(e, (int)n);
	}
	return NULL;
}

TEST(K120_many_threads_none_waits_holding)
{
	static const uintptr_t sizes[6] = { 8, 8, 5, 3, 7, 1 };
	pthread_t t[6];

	configure(0, NO_RETRY);
	set_up(8);
	c.fail = 1;
	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, many_rounds, (void *)sizes[i]) == 0);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 8 && c.frees == 0);
	mempool_exit(&pool);
}

static void *six_elements(void *arg)
{
	void *e[6];

	CHECK(mempool_alloc_bulk(&pool, e, 6) == 0);
	free_elements(e, 6);
	return arg;
}

TEST(K122_more_than_min_nr)
{
	pthread_t t;

	catch_reports();
	configure(0, 100);
	set_up(4);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, six_elements, NULL) == 0);
	UNTIL(pool_waits(&pool) > 0);
	c.fail = 0;
	pthread_join(t, NULL);
	six_elements(NULL);
	CHECK(warns == 1 && pool.curr_nr == 4);
	mempool_exit(&pool);
}

TEST(K124_fresh_form_overwrites)
{
	void *e[3] = { (void *)16, NULL, (void *)32 };

	set_up(2);
	CHECK(mempool_alloc_bulk(&pool, e, 3) == 0 && e[0] != (void *)16 && e[2] != (void *)32 && c.allocs == 3);
	check_all_different(e, 3);
	free_elements(e, 3);
	mempool_exit(&pool);
}

TEST(K126_K127_H129_free_bulk)
{
	void *e[8], *f[8];

	set_up(3);
	for (int i = 0; i < 8; i++)
		e[i] = i < 3 ? mempool_alloc_preallocated(&pool) : malloc(32);
	memcpy(f, e, sizeof(e));
	CHECK(mempool_free_bulk(&pool, e, 8) == 3 && pool.curr_nr == 3 && c.frees == 0);
	for (int i = 0; i < 8; i++)
		CHECK(e[i] == (i < 3 ? NULL : f[i]));
	CHECK(mempool_free_bulk(&pool, e + 3, 5) == 0 && e[3] == f[3] && c.frees == 0);
	for (int i = 2; i >= 0; i--)
		CHECK(mempool_alloc_preallocated(&pool) == f[i]);
	free_elements(f, 8);
	mempool_exit(&pool);
}

TEST(H130_K131_zero_pool_and_free_bulk)
{
	void *e[5];

	set_up(0);
	e[0] = mempool_alloc_preallocated(&pool);
	CHECK(mempool_free_bulk(&pool, NULL, 0) == 0 && pool.curr_nr == 0);
	for (int i = 1; i < 5; i++)
		e[i] = malloc(32);
	CHECK(mempool_free_bulk(&pool, e, 5) == 1 && pool.curr_nr == 1);
	free_elements(e, 5);
	CHECK(c.frees == 4);
	mempool_exit(&pool);
}

TEST(H132_null_never_enters_the_reserve)
{
	void *a, *e[3] = { NULL };

	set_up(3);
	a = mempool_alloc_preallocated(&pool);
	e[0] = mempool_alloc_preallocated(&pool);
	e[2] = mempool_alloc_preallocated(&pool);
	CHECK(mempool_free_bulk(&pool, e, 3) == 1 && pool.curr_nr == 1);
	CHECK(mempool_free_bulk(&pool, e, 3) == 0 && pool.curr_nr == 1);
	mempool_free(e[2], &pool);
	mempool_free(a, &pool);
	for (int i = 0; i < 3; i++)
		CHECK((e[i] = mempool_alloc_preallocated(&pool)) != NULL);
	free_elements(e, 3);
	mempool_exit(&pool);
}

static void *singles(void *stop)
{
	while (!*(atomic_int *)stop)
		mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	return NULL;
}

TEST(K133_bulk_among_singles)
{
	static atomic_int stop;
	pthread_t t[2];

	set_up(6);
	c.fail = 1;
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, singles, &stop) == 0);
	for (int i = 0; i < 200; i++) {
		void *e[5];

		CHECK(mempool_alloc_bulk(&pool, e, 5) == 0);
		free_elements(e, 5);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 6);
	mempool_exit(&pool);
}

/* Pages of ours: whatever stood in the array is overwritten, also where the allocator comes short and the
 * reserve gives the rest. Lengths on both sides of a word, and all that is left of the memory. */
TEST(K125_pages_overwrite_whatever_the_array_held)
{
	enum { LIMIT = 1024, RESERVE = 300 };
	static const unsigned int lengths[] = { 1, 2, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 200, 300 };
	static void *e[RESERVE], *all[LIMIT];
	unsigned int held = 0;

	configure(LIMIT << PAGE_SHIFT, 0);
	CHECK(mempool_init_pages_bulk(&pool, RESERVE, NULL, NULL, NULL) == 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			memset(e, 0x5a, sizeof(e));
			CHECK(mempool_alloc_bulk(&pool, e, lengths[i]) == 0);
			check_all_different(e, (int)lengths[i]);
			for (unsigned int j = 0; j < lengths[i]; j++)
				memset(page_address((struct page *)e[j]), (int)j, PAGE_SIZE);
			if (lengths[i] < RESERVE)
				CHECK(e[lengths[i]] == (void *)0x5a5a5a5a5a5a5a5a);
			mempool_bulk_free_pages(&pool, (struct page **)e, lengths[i]);
		}
		/* Then with the allocator left with five pages, which each request gets and the reserve adds to. */
		while (round == 0 && (all[held] = alloc_page(GFP_NOWAIT)))
			held++;
		for (int i = 0; round == 0 && i < 5; i++)
			__free_page((struct page *)all[--held]);
	}
	while (held)
		__free_page((struct page *)all[--held]);
	mempool_exit(&pool);
	check_conserved();
}

TEST_MAIN()
