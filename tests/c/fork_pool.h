/* What tests of forks have in common that leave a pool of the library's own pages, and nothing else, to a child. */
#ifndef FORK_POOL_H
#define FORK_POOL_H

#include "early.h"
#include <fcntl.h>
#include <signal.h>

static mempool_t pool;
static pid_t forked = -1;
static struct page *all[4096];
static int taken;

/* A pool of the library's own pages with a full reserve, and no page besides. */
static inline void set_up_pool(int min_nr)
{
	struct page *p;

	CHECK(mempool_init_pages_bulk(&pool, min_nr, NULL, NULL, NULL) == 0);
	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	CHECK(taken > 2000);
}

static inline void set_up(int min_nr)
{
	configure(sizeof(all) / sizeof(*all) * PAGE_SIZE, NO_RETRY);
	set_up_pool(min_nr);
}

static struct mempool_bulk_request request;
static struct page *slots[16];

static inline int submit(unsigned int nr, void (*done)(struct mempool_bulk_request *))
{
	request = (struct mempool_bulk_request){ .page_array = slots, .nr = nr, .gfp = GFP_KERNEL, .done = done };
	return mempool_bulk_submit(&pool, &request);
}

/* Has nothing to do with pages or pools. */
static inline void any_call(void)
{
	int fd = open("/dev/null", O_WRONLY);

	mempool_bulk_dump(fd);
	close(fd);
}

static inline unsigned long free_pages_now(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return (unsigned long)(s.pages_free + s.pages_cached);
}

#endif
