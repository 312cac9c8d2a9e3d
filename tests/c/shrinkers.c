/* Shrinkers: who is asked, how often, and with which mask. */
#include "shrinkers.h"

TEST(bad_input)
{
	struct mempool_bulk_shrinker s;

	catch_reports();
	memset(&s, 0xa5, sizeof(s)); /* what the library's part holds before does not matter */
	s.scan = NULL;
	s.flags = 0;
	CHECK(mempool_bulk_register_shrinker(NULL) == -EINVAL && mempool_bulk_register_shrinker(&s) == -EINVAL);
	s.scan = cache_scan;
	s.flags = 4;
	CHECK(mempool_bulk_register_shrinker(&s) == -EINVAL);
	mempool_bulk_unregister_shrinker(&s);
	mempool_bulk_unregister_shrinker(NULL);
	CHECK(warns == 2);
	s.flags = MEMPOOL_BULK_SHRINKER_IO | MEMPOOL_BULK_SHRINKER_FS;
	for (int i = 0; i < 3; i++) {
		CHECK(mempool_bulk_register_shrinker(&s) == 0 && mempool_bulk_register_shrinker(&s) == -EBUSY);
		mempool_bulk_unregister_shrinker(&s);
	}
	CHECK(warns == 2);
	mempool_bulk_unregister_shrinker(&s);
	CHECK(warns == 3 && bugs == 0);
}

TEST(a_request_gets_what_a_shrinker_frees)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	struct page *page;

	start();
	set_up(&a, 0);
	fill(&a, 100);
	CHECK(!alloc_page(GFP_NOWAIT | __GFP_NOWARN) && a.calls == 0);
	for (int i = 0; i < 100; i++) {
		CHECK((page = alloc_page(GFP_KERNEL)));
		hoard[hoarded++] = page;
	}
	CHECK(a.n == 0 && a.calls >= 1 && a.calls <= 4 && a.asked_for >= 32 && a.gfp == GFP_KERNEL);
	mempool_bulk_get_stats(&s);
	CHECK(s.scans == (uint64_t)a.calls && warns == 0);
	a.calls = 0;
	CHECK(!alloc_page(GFP_KERNEL) && a.calls == 1 && warns == 1);
	mempool_bulk_unregister_shrinker(&a.shrinker);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && a.calls == 1);
	release_pages(hoard, (int)hoarded);
	check_conserved();
}

/* Which of the three a mask asks: plain 1, I/O 2, file system 4. */
static int asked(gfp_t gfp)
{
	a.calls = b.calls = c.calls = 0;
	CHECK(!alloc_page(gfp | __GFP_NOWARN));
	CHECK(a.calls <= 1 && b.calls <= 1 && c.calls <= 1);
	return a.calls | b.calls << 1 | c.calls << 2;
}

TEST(masks_and_scopes_decide_who_is_asked)
{
	unsigned int noio, nofs;

	start();
	set_up(&a, 0);
	set_up(&b, MEMPOOL_BULK_SHRINKER_IO);
	set_up(&c, MEMPOOL_BULK_SHRINKER_IO | MEMPOOL_BULK_SHRINKER_FS);
	CHECK(asked(GFP_KERNEL) == 7 && a.turn < b.turn && b.turn < c.turn);
	CHECK(asked(GFP_NOFS) == 3 && asked(GFP_NOIO) == 1);
	CHECK(asked(__GFP_DIRECT_RECLAIM | __GFP_FS) == 1);
	CHECK(asked(GFP_NOWAIT) == 0 && asked(0) == 0 && asked(__GFP_IO | __GFP_FS) == 0);
	nofs = memalloc_nofs_save();
	CHECK(asked(GFP_KERNEL) == 3 && a.gfp == (GFP_NOFS | __GFP_NOWARN));
	noio = memalloc_noio_save();
	CHECK(asked(GFP_KERNEL) == 1);
	memalloc_noio_restore(noio);
	memalloc_nofs_restore(nofs);
	CHECK(asked(GFP_KERNEL) == 7);
	mempool_bulk_unregister_shrinker(&b.shrinker);
	CHECK(asked(GFP_KERNEL) == 5);
}

TEST(masks_decide_how_often)
{
	start();
	set_up(&a, 0);
	a.lie = 1;
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) && a.calls == 1);
	a.calls = 0;
	CHECK(!alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN) && a.calls == 16);
	a.calls = 0;
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && a.calls == 16);
	a.calls = 0;
	CHECK(!alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3) && a.calls == 16);
}

/* The rounds are counted anew for each page that comes, except with __GFP_NORETRY: one for the whole call. */
TEST(a_bulk_request_goes_on_while_pages_come)
{
	static struct page *p[300];

	start();
	set_up(&a, 0);
	fill(&a, 300);
	a.at_most = 2;
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 100, p) == 2 && a.calls == 1);
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 300, p) == 300 && a.n == 0 && a.asked_for < 32 + 2);
	release_pages(p, 300);
}

static unsigned long after_a_hundred(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	struct cache *cache = (struct cache *)shrinker;

	(void)nr;
	(void)gfp;
	if (++cache->calls == 100)
		__free_page(hoard[--hoarded]);
	return 1;
}

static void *never_fails(void *arg)
{
	*(struct page *_Atomic *)arg = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	return NULL;
}

TEST(nofail_asks_for_ever_and_sleeps_in_vain)
{
	struct page *_Atomic got = NULL;
	pthread_t t;

	start();
	set_up(&a, 0);
	a.shrinker.scan = after_a_hundred;
	never_fails(&got);
	CHECK(got && a.calls == 100);
	mempool_bulk_unregister_shrinker(&a.shrinker);
	set_up(&b, 0);
	got = NULL;
	CHECK(pthread_create(&t, NULL, never_fails, (void *)&got) == 0);
	UNTIL(b.calls == 1);
	nap_ms(50);
	CHECK(b.calls == 1 && !got);
	__free_page(hoard[--hoarded]);
	pthread_join(t, NULL);
	CHECK(got);
}

static mempool_t pool;

static void *take_from_pool(void *arg)
{
	*(void *_Atomic *)arg = mempool_alloc(&pool, GFP_KERNEL);
	return NULL;
}

/* A pool gives its reserve first, and asks once each time before it sleeps or looks at the reserve again. */
TEST(a_pool_asks_after_its_reserve)
{
	void *_Atomic got = NULL;
	struct page *element[2];
	pthread_t t;

	configure(LIMIT * 4096, NO_RETRY);
	catch_reports();
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0);
	take_all();
	set_up(&a, 0);
	element[0] = mempool_alloc(&pool, GFP_KERNEL);
	element[1] = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(element[0] && element[1] && pool.curr_nr == 0 && a.calls == 0);
	CHECK(!mempool_alloc(&pool, GFP_NOWAIT) && a.calls == 0);
	CHECK(pthread_create(&t, NULL, take_from_pool, (void *)&got) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(a.calls == 1 && a.gfp & __GFP_NORETRY && a.gfp & __GFP_DIRECT_RECLAIM && !got);
	mempool_free(element[0], &pool);
	pthread_join(t, NULL);
	CHECK(got && a.calls == 2);
	fill(&a, 10);
	got = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(got && a.calls == 3 && a.n == 0 && pool_waits(&pool) == 1);
	mempool_free(element[1], &pool);
	CHECK(warns == 0 && bugs == 0);
}

static unsigned long scan_that_allocates(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	struct cache *cache = (struct cache *)shrinker;
	struct page *mine[EMERGENCY + 1];
	int n = 0;

	(void)nr;
	cache->calls++;
	while (n <= EMERGENCY && (mine[n] = alloc_page(gfp | __GFP_NOWARN)))
		n++;
	CHECK(n == EMERGENCY);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_NOWARN));
	CHECK(mempool_bulk_trim(0) == 0);
	release_pages(mine, n);
	__free_page(hoard[--hoarded]);
	return 1;
}

/* There is no reclaim in reclaim; a scan may use the emergency pages, and its caller may not. */
TEST(a_scan_allocates)
{
	start();
	for (struct page *page; (page = alloc_page(GFP_KERNEL | __GFP_NOWARN));)
		hoard[hoarded++] = page;
	set_up(&a, 0);
	a.shrinker.scan = scan_that_allocates;
	CHECK(alloc_page(GFP_KERNEL) && a.calls == 1);
	CHECK(alloc_page(GFP_KERNEL) && a.calls == 2);
}

TEST_MAIN()
