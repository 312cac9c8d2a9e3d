/* What the tests of shrinkers share: caches of pages that give some back, and a process without free ones. */
#ifndef SHRINKERS_H
#define SHRINKERS_H

#include "check.h"

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

static inline unsigned long cache_scan(struct mempool_bulk_shrinker *shrinker, unsigned long nr, gfp_t gfp)
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

static inline void set_up(struct cache *cache, unsigned int flags)
{
	memset(cache, 0, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
	cache->at_most = LIMIT;
	cache->shrinker.scan = cache_scan;
	cache->shrinker.flags = flags;
	CHECK(mempool_bulk_register_shrinker(&cache->shrinker) == 0);
}

static inline void fill(struct cache *cache, unsigned int n)
{
	while (n-- > 0)
		cache->pages[cache->n++] = hoard[--hoarded];
}

/* Nothing is left but the emergency pages. */
static inline void take_all(void)
{
	hoarded = alloc_pages_bulk(GFP_NOWAIT | __GFP_NOWARN, LIMIT, hoard);
	hoarded += alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, LIMIT - hoarded, hoard + hoarded);
	CHECK(hoarded >= LIMIT - EMERGENCY - 64);
}

static inline void start(void)
{
	configure(LIMIT * 4096, NO_RETRY);
	catch_reports();
	take_all();
}

#endif
