/* A thread that takes pages by every way there is, holds them a while and gives them back by any other way.
 * Who holds pages asks only for what may fail or ends by itself: two that hold and wait for ever would wait for
 * each other, under the kernel too. */
#include "soak.h"
#include <sys/uio.h>

struct own {
	struct rng rng;
	struct page *held[HOLD];
	unsigned int nr;
	struct page *blocks[8];
	unsigned int nr_blocks;
};

static void keep(struct own *own, struct page *page)
{
	CHECK(own->nr < HOLD);
	born(page, 0);
	own->held[own->nr++] = page;
}

static void keep_cb(struct page *page, void *data)
{
	keep(data, page);
}

static void keep_run(struct page *first, unsigned int nr, void *data)
{
	for (unsigned int i = 0; i < nr; i++)
		keep(data, nth_page(first, i));
}

static void keep_array(struct own *own, struct page **pages, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (pages[i])
			keep(own, pages[i]);
}

static gfp_t mask(struct own *own)
{
	static const gfp_t sleeping[] = { GFP_KERNEL, GFP_NOIO, GFP_NOFS }, quick[] = { GFP_NOWAIT, GFP_ATOMIC | __GFP_NOWARN };

	return own->nr + own->nr_blocks == 0 ? sleeping[rnd(&own->rng, 3)] : quick[rnd(&own->rng, 2)];
}

static void done(struct mempool_bulk_request *request)
{
	atomic_store((atomic_int *)request->user_data, 1);
}

/* A request that waits without this thread, which then gives up after a while. */
static void ask_by_request(struct own *own, mempool_t *pool, unsigned int nr)
{
	struct page *pages[ASK] = { NULL };
	atomic_int completed = 0;
	struct mempool_bulk_request request = { .page_array = pages, .nr = nr, .gfp = GFP_KERNEL, .done = done, .user_data = &completed };
	int result = mempool_bulk_submit(pool, &request);

	if (result == 0) {
		atomic_fetch_add(&counts.queued, 1);
		for (unsigned int i = rnd(&own->rng, 20); i > 0 && !completed; i--)
			nap_us(100);
		if (mempool_bulk_cancel(pool, &request) == 0) {
			atomic_fetch_add(&counts.cancelled, 1);
			CHECK(!completed);
		} else {
			while (!completed)
				nap_us(10);
		}
	} else {
		CHECK(result == 1);
	}
	keep_array(own, pages, nr);
}

static void ask_for_a_time(struct own *own, mempool_t *pool, unsigned int nr)
{
	struct page *pages[ASK] = { NULL };
	struct timespec time = { 0, (long)rnd(&own->rng, 2000000) };
	int result = mempool_bulk_alloc_pages_timeout(pool, GFP_KERNEL, nr, pages, &time);

	CHECK(result == 0 || result == -ETIMEDOUT);
	if (result)
		atomic_fetch_add(&counts.timeouts, 1);
	keep_array(own, pages, nr);
}

static void ask_array(struct own *own, mempool_t *pool, unsigned int nr, gfp_t gfp)
{
	struct page *pages[ASK] = { NULL };
	bool all = mempool_alloc_pages_bulk_array(pool, gfp, nr, pages);

	CHECK(all || !gfpflags_allow_blocking(gfp));
	keep_array(own, pages, nr);
}

static void ask_buffers(struct own *own, mempool_t *pool, unsigned int nr, gfp_t gfp)
{
	void *buffers[ASK] = { NULL };
	bool all = mempool_bulk_alloc_buffers(pool, gfp, nr, buffers);

	CHECK(all || !gfpflags_allow_blocking(gfp));
	for (unsigned int i = 0; i < nr; i++)
		if (buffers[i])
			keep(own, virt_to_page(buffers[i]));
}

static void take_one(struct own *own)
{
	mempool_t *pool = &pools[rnd(&own->rng, BULK_POOLS + 1)];
	gfp_t gfp = mask(own);
	struct page *page;

	switch (rnd(&own->rng, 4)) {
	case 0:
		page = mempool_alloc_preallocated(pool);
		break;
	case 1:
		page = alloc_page(gfp | __GFP_NORETRY | __GFP_NOWARN);
		break;
	default:
		page = mempool_alloc(pool, gfp);
		CHECK(page || !gfpflags_allow_blocking(gfp));
	}
	if (page)
		keep(own, page);
}

static void take_block(struct own *own)
{
	gfp_t gfp = mask(own);
	struct page *block;

	if (own->nr_blocks == 8)
		return;
	block = mempool_alloc(&pools[POOLS - 1], gfp);
	CHECK(block || !gfpflags_allow_blocking(gfp));
	if (block) {
		born(block, BLOCK_ORDER);
		own->blocks[own->nr_blocks++] = block;
	}
}

static void take_many(struct own *own)
{
	mempool_t *pool = &pools[rnd(&own->rng, BULK_POOLS)];
	unsigned int nr = 1 + rnd(&own->rng, ASK), before = own->nr;
	struct page *pages[ASK] = { NULL };
	gfp_t gfp = mask(own);
	bool all;

	switch (rnd(&own->rng, 7)) {
	case 0:
		ask_array(own, pool, nr, gfp);
		break;
	case 1:
		all = mempool_alloc_pages_bulk_cb(pool, gfp, nr, keep_cb, own);
		CHECK(all == (own->nr - before == nr) && (all || !gfpflags_allow_blocking(gfp)));
		break;
	case 2:
		all = mempool_bulk_alloc_runs(pool, gfp, nr, keep_run, own);
		CHECK(all == (own->nr - before == nr) && (all || !gfpflags_allow_blocking(gfp)));
		break;
	case 3:
		ask_buffers(own, pool, nr, gfp);
		break;
	case 4:
		ask_for_a_time(own, pool, nr);
		break;
	case 5:
		ask_by_request(own, pool, nr);
		break;
	default:
		alloc_pages_bulk(gfp | __GFP_NORETRY | __GFP_NOWARN, nr, pages);
		keep_array(own, pages, nr);
	}
	if (own->nr == before)
		atomic_fetch_add_explicit(&counts.empty, 1, memory_order_relaxed);
}

static void give_block(struct own *own)
{
	if (own->nr_blocks) {
		struct page *block = own->blocks[--own->nr_blocks];

		dies(block, BLOCK_ORDER);
		mempool_free(block, &pools[POOLS - 1]);
	}
}

static void give(struct own *own)
{
	mempool_t *pool = &pools[rnd(&own->rng, BULK_POOLS + 1)];
	unsigned int n = 0, nr = rnd(&own->rng, 8) ? rnd(&own->rng, ASK) : HOLD, taken;
	struct page *pages[HOLD];

	while (n < nr && own->nr) {
		unsigned int at = rnd(&own->rng, own->nr);

		dies(own->held[at], 0);
		pages[n++] = own->held[at];
		own->held[at] = own->held[--own->nr];
	}
	switch (rnd(&own->rng, 5)) {
	case 0:
		mempool_bulk_free_pages(pool, pages, n);
		break;
	case 1:
		release_pages(pages, (int)n);
		break;
	case 2:
		taken = mempool_free_bulk(pool, (void **)pages, n);
		release_pages(pages + taken, (int)(n - taken));
		break;
	case 3:
		for (unsigned int i = 0; i < n; i++)
			mempool_free(pages[i], pool);
		break;
	default:
		for (unsigned int i = 0; i < n; i++)
			put_page(pages[i]);
	}
}

/* Lets others give back what this thread took, and the other way round. */
static void swap(struct own *own)
{
	if (own->nr) {
		struct page *got = mailbox_swap(rnd(&own->rng, MAILBOX), own->held[own->nr - 1]);

		if (got)
			own->held[own->nr - 1] = got;
		else
			own->nr--;
	}
}

void *worker(void *number)
{
	struct own own = { .rng = rng_of((unsigned int)(uintptr_t)number) };

	while (!stopping) {
		unsigned int what = rnd(&own.rng, 16);

		if (own.nr > tide)
			give(&own);
		else if (what < 4 && own.nr < HOLD)
			take_one(&own);
		else if (what < 9 && own.nr + ASK <= HOLD)
			take_many(&own);
		else if (what == 9)
			take_block(&own);
		else if (what == 10)
			give_block(&own);
		else if (what < 13)
			swap(&own);
		else
			give(&own);
		atomic_fetch_add_explicit(&counts.calls, 1, memory_order_relaxed);
	}
	while (own.nr)
		give(&own);
	while (own.nr_blocks)
		give_block(&own);
	return NULL;
}

/* Comes anywhere, in the middle of the library too. */
void on_signal(int sig)
{
	static atomic_uint turn;
	unsigned int me = atomic_fetch_add(&turn, 1);
	struct page *pages[4] = { NULL }, *old;
	int saved = errno;

	(void)sig;
	if (me % 2)
		mempool_alloc_pages_bulk_array(&pools[me / 2 % BULK_POOLS], GFP_ATOMIC | __GFP_NOWARN, 4, pages);
	else
		alloc_pages_bulk(GFP_NOWAIT, 4, pages);
	for (unsigned int i = 0; i < 4; i++) {
		if (!pages[i])
			continue;
		born(pages[i], 0);
		if ((old = mailbox_swap(me * 4 + i, pages[i])) == NULL)
			continue;
		dies(old, 0);
		if (i % 2)
			mempool_free(old, &pools[me % (BULK_POOLS + 1)]);
		else
			__free_page(old);
	}
	atomic_fetch_add(&counts.signals, 1);
	errno = saved;
}
