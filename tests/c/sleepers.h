/* Pools whose sources give nothing, and requests that sleep in threads of their own. */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include "check.h"
#include <sched.h>

static mempool_t pool;
static struct counter c;

/* A pool whose source gives nothing any more; its reserve is full. */
static inline void set_up(int min_nr, uint32_t wait_ms)
{
	configure(0, wait_ms);
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

static inline void free_all(void **e, int n)
{
	for (int i = 0; i < n; i++)
		mempool_free(e[i], &pool);
}

struct bulk {
	int nr, may_fail;
	void *e[16];
	pthread_t thread;
};

static inline void *bulk_thread(void *arg)
{
	struct bulk *b = arg;
	bool all = mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, (unsigned int)b->nr, (struct page **)b->e);

	CHECK(all || b->may_fail);
	return arg;
}

/* Starts a request in a thread of its own and returns when it sleeps. */
static inline void start_bulk(struct bulk *b, int nr)
{
	uint64_t waits = stats().waits;

	b->nr = nr;
	CHECK(pthread_create(&b->thread, NULL, bulk_thread, b) == 0);
	while (stats().waits == waits)
		nap_ms(1);
}

#endif
