/* Shrinkers: who is asked, how often, with which mask, and what ends them. */
#include "check.h"
#include <sched.h>
#include <sys/wait.h>

enum { LIMIT = 1024, EMERGENCY = LIMIT / 128 };

static struct page *hoard[LIMIT];
static unsigned long hoarded;

/* A cache of pages that gives some back when asked, and remembers how it was asked. */
struct cache {
	struct mempool_bulk_shrinker shrinker;
	pthread_mutex_t lock;
	struct page *pages[LIMIT];
	unsigned int n, at_most; /* pages given back a time */
	unsigned long lie; /* what it says in place of the truth */
	unsigned long asked_for;
	gfp_t gfp;
	atomic_int calls;
	int turn;
};

static struct cache a, b, c;
static int turns;

static unsigned long cache_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	struct cache *cache = (struct cache *)shrinker;
	unsigned int n = 0;

	cache->calls++;
	pthread_mutex_lock(&cache->lock);
	cache->asked_for = nr;
	cache->gfp = gfp;
	cache->turn = ++turns;
	while (cache->n > 0 && n < nr && n < cache->at_most) {
		__free_page(cache->pages[--cache->n]);
		n++;
	}
	pthread_mutex_unlock(&cache->lock);
	return cache->lie ? cache->lie : n;
}

static void set_up(struct cache *cache, unsigned int flags)
{
	memset(cache, 0, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
	cache->at_most = LIMIT;
	cache->shrinker.scan = cache_scan;
	cache->shrinker.flags = flags;
	CHECK(mempool_bulk_register_shrinker(&cache->shrinker) == 0);
}

static void fill(struct cache *cache, unsigned int n)
{
	while (n-- > 0)
		cache->pages[cache->n++] = hoard[--hoarded];
}

/* Nothing is left but the emergency pages. */
static void take_all(void)
{
	hoarded = alloc_pages_bulk(GFP_NOWAIT | __GFP_NOWARN, LIMIT, hoard);
	hoarded += alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, LIMIT - hoarded, hoard + hoarded);
	CHECK(hoarded >= LIMIT - EMERGENCY - 64);
}

static void start(void)
{
	configure(LIMIT * 4096, NO_RETRY);
	catch_reports();
	take_all();
}

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

static atomic_int inside, leave;

static unsigned long slow_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	(void)shrinker;
	(void)nr;
	(void)gfp;
	inside++;
	UNTIL(leave);
	inside--;
	return 0;
}

static void *ask(void *arg)
{
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	return arg;
}

static atomic_int gone;

static void *unregister_it(void *arg)
{
	mempool_bulk_unregister_shrinker(arg);
	CHECK(inside == 0);
	gone = 1;
	return NULL;
}

TEST(unregister_waits_for_scans)
{
	pthread_t t[3];

	start();
	set_up(&a, 0);
	a.shrinker.scan = slow_scan;
	set_up(&b, 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, ask, NULL) == 0);
	UNTIL(inside == 2);
	CHECK(pthread_create(&t[2], NULL, unregister_it, &a.shrinker) == 0);
	nap_ms(50);
	CHECK(!gone && b.calls == 0 && mempool_bulk_register_shrinker(&a.shrinker) == -EBUSY);
	ask(NULL); /* nobody begins another scan of it */
	CHECK(inside == 2 && b.calls == 1 && warns == 0);
	mempool_bulk_unregister_shrinker(&a.shrinker); /* a second thread has no business there */
	CHECK(warns == 1 && inside == 2);
	leave = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(gone && b.calls == 3 && mempool_bulk_register_shrinker(&a.shrinker) == 0);
}

static unsigned long last_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	(void)nr;
	(void)gfp;
	mempool_bulk_unregister_shrinker(shrinker);
	memset(shrinker, 0xff, sizeof(*shrinker)); /* the library must not look at it again */
	free(shrinker);
	__free_page(hoard[--hoarded]);
	return 1;
}

TEST(a_scan_ends_its_own_shrinker)
{
	struct mempool_bulk_shrinker *s = calloc(1, sizeof(*s));

	start();
	s->scan = last_scan;
	CHECK(mempool_bulk_register_shrinker(s) == 0);
	set_up(&a, 0);
	CHECK(alloc_page(GFP_KERNEL) && a.calls == 0);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && a.calls == 1 && warns == 0);
}

/* The child has no thread inside a scan, and none that unregisters. */
TEST(fork_in_the_middle_of_scans)
{
	pthread_t t[3];
	int status;
	pid_t pid;

	start();
	set_up(&a, 0);
	a.shrinker.scan = slow_scan;
	set_up(&b, 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, ask, NULL) == 0);
	UNTIL(inside == 2);
	CHECK(pthread_create(&t[2], NULL, unregister_it, &a.shrinker) == 0);
	nap_ms(20);
	if ((pid = fork()) == 0) {
		alarm(20);
		mempool_bulk_unregister_shrinker(&a.shrinker);
		fill(&b, 10);
		CHECK(alloc_page(GFP_KERNEL) && b.calls == 1);
		mempool_bulk_unregister_shrinker(&b.shrinker);
		_exit(warns);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	leave = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(gone);
}

static pid_t forked;

static unsigned long scan_that_forks(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	inside++;
	if (inside == 1)
		forked = fork();
	inside--;
	return cache_scan(shrinker, nr, gfp);
}

/* The child comes out of a scan that the parent went into. */
TEST(fork_inside_a_scan)
{
	int status;

	start();
	set_up(&a, 0);
	a.shrinker.scan = scan_that_forks;
	fill(&a, 10);
	CHECK(alloc_page(GFP_KERNEL) && a.n == 0);
	if (forked == 0)
		alarm(20);
	mempool_bulk_unregister_shrinker(&a.shrinker);
	CHECK(warns == 0);
	if (forked == 0)
		_exit(0);
	CHECK(waitpid(forked, &status, 0) == forked && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static atomic_int stop;

/* Caches a page now and then; asks for more than there is. */
static void *churn(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	struct page *mine[128];

	while (!stop) {
		int n = 0;

		while (n < 128 && (mine[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
			n++;
		CHECK(n > 0);
		if ((seed = seed * 1103515245u + 12345u) & 0x10000) {
			pthread_mutex_lock(&b.lock);
			while (n > 0 && b.n < LIMIT)
				b.pages[b.n++] = mine[--n];
			pthread_mutex_unlock(&b.lock);
		}
		release_pages(mine, n);
	}
	return NULL;
}

TEST(many_threads_while_shrinkers_come_and_go)
{
	pthread_t t[4];

	configure(LIMIT * 4096, NO_RETRY);
	set_up(&b, 0);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	for (int i = 0; i < rounds_to_do(2000); i++) {
		set_up(&a, i % 4);
		set_up(&c, 0);
		mempool_bulk_trim(0);
		sched_yield();
		mempool_bulk_unregister_shrinker(&a.shrinker);
		mempool_bulk_unregister_shrinker(&c.shrinker);
	}
	UNTIL(b.calls > rounds_to_do(1000));
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	release_pages(b.pages, (int)b.n);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
