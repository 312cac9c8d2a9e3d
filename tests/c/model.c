/* Random operations against a small model: no page is given twice, contents stay, counts add up, the
 * reserve keeps its bounds. MODEL_SEED=n repeats a run. Threads do the same without the model. */
#include "check.h"

enum { MOST = 600, STEPS = 20000 };

static mempool_t pool;
static struct page *live[MOST];
static unsigned int nr_live;
static uint64_t random_state;

static unsigned int rnd(unsigned int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 33) % below;
}

/* A page that was handed out: it must not be live already; from now on it holds its own number. */
static void born(struct page *page)
{
	CHECK(page != NULL);
	for (unsigned int i = 0; i < nr_live; i++)
		CHECK(live[i] != page);
	*(unsigned long *)page_address(page) = page_to_pfn(page);
	live[nr_live++] = page;
}

static struct page *dies(void)
{
	unsigned int i = rnd(nr_live);
	struct page *page = live[i];

	CHECK(*(unsigned long *)page_address(page) == page_to_pfn(page));
	live[i] = live[--nr_live];
	return page;
}

static void born_cb(struct page *page, void *data)
{
	(void)data;
	born(page);
}

static void take(unsigned int how, gfp_t gfp)
{
	struct page *p[48] = { NULL };
	unsigned int n = 1 + rnd(48);
	void *e;

	switch (how) {
	case 0:
		if ((e = mempool_alloc(&pool, gfp)))
			born(e);
		return;
	case 1:
		if ((e = mempool_alloc_preallocated(&pool)))
			born(e);
		return;
	case 2:
		mempool_alloc_pages_bulk_cb(&pool, gfp, n, born_cb, NULL);
		return;
	case 3:
		mempool_alloc_pages_bulk_array(&pool, gfp, n, p);
		break;
	default:
		alloc_pages_bulk(gfp, n, p);
	}
	for (unsigned int i = 0; i < n; i++)
		if (p[i])
			born(p[i]);
}

static void give(unsigned int how)
{
	struct page *p[32];
	unsigned int n = 0, want = 1 + rnd(32), done;

	while (n < want && nr_live)
		p[n++] = dies();
	switch (how) {
	case 0:
		for (unsigned int i = 0; i < n; i++)
			mempool_free(p[i], &pool);
		break;
	case 1:
		done = mempool_free_bulk(&pool, (void **)p, n);
		release_pages(p + done, (int)(n - done));
		break;
	case 2:
		release_pages(p, (int)n);
		break;
	default:
		mempool_bulk_free_pages(&pool, p, n);
	}
}

static void check_model(void)
{
	CHECK(pool.curr_nr >= 0 && pool.curr_nr <= pool.min_nr);
	CHECK(outstanding() == nr_live + (unsigned int)pool.curr_nr);
	check_conserved();
}

/* Most pages to hold: what the reserve and the pages kept back leave, where the system gave less memory than wanted. */
static unsigned int most(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return s.pages_limit < 1000 ? (unsigned int)s.pages_limit / 2 : MOST;
}

TEST(random_operations_match_the_model)
{
	unsigned int limit;
	const char *seed = getenv("MODEL_SEED");

	random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	random_state = random_state * 2 + 1;
	fprintf(stderr, "MODEL_SEED=%llu\n", (unsigned long long)random_state / 2);
	configure(1000 * 4096, 0);
	CHECK(mempool_init_pages_bulk(&pool, 40, NULL, NULL, NULL) == 0);
	limit = most();
	for (int i = 0; i < STEPS; i++) {
		if (rnd(100) == 0)
			CHECK(mempool_resize(&pool, 1 + (int)rnd(80)) == 0);
		else if (nr_live + 48 < limit && rnd(2))
			take(rnd(5), rnd(2) ? GFP_NOWAIT : GFP_KERNEL);
		else
			give(rnd(4));
		check_model();
	}
	while (nr_live)
		give(0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static void *hammer(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (int i = 0; i < 3000; i++) {
		struct page *p[16] = { NULL };
		unsigned int n = 1 + (unsigned int)((me * 7 + (unsigned int)i * 13) % 16);

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, n, p));
		for (unsigned int j = 0; j < n; j++)
			*(uintptr_t *)page_address(p[j]) = me << 32 | j;
		for (unsigned int j = 0; j < n; j++)
			CHECK(*(uintptr_t *)page_address(p[j]) == (me << 32 | j));
		mempool_bulk_free_pages(&pool, p, n);
	}
	return NULL;
}

TEST(eight_threads_on_too_few_pages)
{
	pthread_t t[8];

	configure(64 * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	for (uintptr_t i = 0; i < 8; i++)
		CHECK(pthread_create(&t[i], NULL, hammer, (void *)(i + 1)) == 0);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 16 && outstanding() == 16);
	check_conserved();
	mempool_exit(&pool);
}

enum { DUELS = 5000, DUEL_PAGES = 4096 };
static struct page *_Atomic target;
static atomic_int duel_round, duel_done;

static void *duellist(void *arg)
{
	for (int i = 1; i <= DUELS; i++) {
		while (duel_round < i)
			;
		__free_page(target);
		duel_done++;
	}
	return arg;
}

/* Takes every page there is: none comes twice, and what two frees put in twice is found by then. */
static void take_everything(int expected_bugs)
{
	static struct page *p[DUEL_PAGES];
	static int seen[DUEL_PAGES];
	static int round;
	unsigned long n;

	round++;
	memset(p, 0, sizeof(p));
	n = alloc_pages_bulk(GFP_NOWAIT | __GFP_MEMALLOC, DUEL_PAGES, p);
	for (unsigned long i = 0; i < n; i++) {
		CHECK(seen[page_to_pfn(p[i])] != round);
		seen[page_to_pfn(p[i])] = round;
	}
	CHECK(bugs == expected_bugs);
	release_pages(p, (int)n);
}

/* A free is seen at once unless the other one happens in the same nanoseconds; then when both copies of
 * the page are to be handed out. */
TEST(two_frees_at_once_are_one_free)
{
	pthread_t t;
	int late = 0;

	if (under_valgrind())
		exit(77); /* its threads take turns: nothing happens at once there */
	catch_reports();
	configure(DUEL_PAGES * 4096, 0);
	CHECK(pthread_create(&t, NULL, duellist, NULL) == 0);
	for (int i = 1; i <= DUELS; i++) {
		target = alloc_page(GFP_KERNEL);
		duel_round = i;
		__free_page(target);
		while (duel_done < i)
			;
		late += bugs < i;
		take_everything(i);
	}
	pthread_join(t, NULL);
	printf("%d of %d double frees were found at the next hand-out\n", late, DUELS);
	check_conserved();
}

static void *leave_pages_in_my_cache(void *arg)
{
	struct page *p[100] = { NULL };

	CHECK(alloc_pages_bulk(GFP_KERNEL, 100, p) == 100);
	release_pages(p, 100);
	return arg;
}

TEST(pages_cached_by_other_threads_are_reachable)
{
	struct page *p[508] = { NULL };
	pthread_t t[4];

	configure(512 * 4096, 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, leave_pages_in_my_cache, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(alloc_pages_bulk(GFP_NOWAIT, 508, p) == 508);
	release_pages(p, 508);
	check_conserved();
}

TEST_MAIN()
