/* Requests of event loops, up to sixteen pages each, on a pool whose source gives nothing. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "check.h"

static mempool_t pool;
static struct counter c;

enum { MOST = 16 };

struct item {
	struct mempool_bulk_request request;
	struct page *pages[MOST];
	atomic_int done;
	pthread_t by;
	int turn;
};

static atomic_int turns;

static inline void note_done(struct mempool_bulk_request *request)
{
	struct item *item = request->user_data;

	item->by = pthread_self();
	item->turn = ++turns;
	item->done++;
}

static inline int submit(struct item *item, unsigned int nr, gfp_t gfp)
{
	item->request.page_array = item->pages;
	item->request.nr = nr;
	item->request.gfp = gfp;
	item->request.user_data = item;
	if (!item->request.done)
		item->request.done = note_done;
	return mempool_bulk_submit(&pool, &item->request);
}

static inline int cancel(struct item *item)
{
	return mempool_bulk_cancel(&pool, &item->request);
}

/* A pool whose source gives nothing any more; its reserve is full. */
static inline void set_up(int min_nr)
{
	catch_reports();
	configure(0, 60000);
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
	c.fail = 1;
}

static inline struct mempool_bulk_pool_stats stats(void)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_pool_stats(&pool, &s);
	return s;
}

static inline void take_all(void **e, int n)
{
	for (int i = 0; i < n; i++)
		CHECK((e[i] = mempool_alloc_preallocated(&pool)) != NULL);
}

static inline void give_back(struct item *item)
{
	mempool_bulk_free_pages(&pool, item->pages, MOST);
	memset(item->pages, 0, sizeof(item->pages));
}

#endif
