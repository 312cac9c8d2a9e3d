/* The six ways; see memory.h. */
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static mempool_t pool;
static pthread_mutex_t retry_lock = PTHREAD_MUTEX_INITIALIZER;

/* Memory that nobody touched yet is a promise; what pools give is there. */
static void touch(unsigned char *piece, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		*(volatile unsigned char *)(piece + (size_t)i * MEMORY_PAGE_BYTES) = 0;
}

static int get_malloc(struct memory *m, unsigned int nr)
{
	m->piece = aligned_alloc(MEMORY_PAGE_BYTES, (size_t)nr * MEMORY_PAGE_BYTES);
	if (!m->piece)
		return -ENOMEM;
	touch(m->piece, nr);
	return 0;
}

static void put_malloc(struct memory *m)
{
	free(m->piece);
}

static int get_mmap(struct memory *m, unsigned int nr)
{
	m->piece = mmap(NULL, (size_t)nr * MEMORY_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->piece == MAP_FAILED)
		return -ENOMEM;
	touch(m->piece, nr);
	return 0;
}

static void put_mmap(struct memory *m)
{
	munmap(m->piece, (size_t)m->nr * MEMORY_PAGE_BYTES);
}

/* What every user of a classic pool of pages brings. */
static void *alloc_one(gfp_t gfp, void *data)
{
	(void)data;
	return alloc_page(gfp);
}

static void free_one(void *page, void *data)
{
	(void)data;
	__free_page(page);
}

static void put_single(struct memory *m)
{
	while (m->nr)
		mempool_free(m->pages[--m->nr], &pool);
}

static int get_singly(struct memory *m, unsigned int nr, gfp_t gfp)
{
	for (m->nr = 0; m->nr < nr; m->nr++) {
		m->pages[m->nr] = mempool_alloc(&pool, gfp);
		if (!m->pages[m->nr])
			return -ENOMEM;
	}
	return 0;
}

/* Two that sleep, each with a part of the reserve in hand, would sleep for ever. So first without sleeping, and
 * if that falls short all goes back, and one writer at a time sleeps. */
static int get_single(struct memory *m, unsigned int nr)
{
	int error = get_singly(m, nr, GFP_NOWAIT);

	if (!error)
		return 0;
	put_single(m);
	pthread_mutex_lock(&retry_lock);
	error = get_singly(m, nr, GFP_NOIO);
	pthread_mutex_unlock(&retry_lock);
	return error;
}

/* The bulk forms need no lock: the reserve gives a request all or nothing. */
static int get_array(struct memory *m, unsigned int nr)
{
	memset(m->pages, 0, nr * sizeof(*m->pages));
	return mempool_alloc_pages_bulk_array(&pool, GFP_NOIO, nr, m->pages) ? 0 : -ENOMEM;
}

static void add_page(struct page *page, void *data)
{
	struct memory *m = data;

	m->pages[m->nr++] = page;
}

static int get_cb(struct memory *m, unsigned int nr)
{
	m->nr = 0;
	return mempool_alloc_pages_bulk_cb(&pool, GFP_NOIO, nr, add_page, m) ? 0 : -ENOMEM;
}

static void add_run(struct page *first, unsigned int nr, void *data)
{
	struct memory *m = data;

	m->run[m->runs].iov_base = page_address(first);
	m->run[m->runs++].iov_len = (size_t)nr * MEMORY_PAGE_BYTES;
	for (unsigned int i = 0; i < nr; i++)
		m->pages[m->nr++] = first + i;
}

static int get_runs(struct memory *m, unsigned int nr)
{
	m->nr = 0;
	return mempool_bulk_alloc_runs(&pool, GFP_NOIO, nr, add_run, m) ? 0 : -ENOMEM;
}

static void put_bulk(struct memory *m)
{
	mempool_bulk_free_pages(&pool, m->pages, m->nr);
}

static const struct way {
	enum { NO_POOL, CLASSIC_POOL, BULK_POOL } pool;
	int (*get)(struct memory *m, unsigned int nr);
	void (*put)(struct memory *m);
} ways[] = {
	{ NO_POOL, get_malloc, put_malloc },
	{ NO_POOL, get_mmap, put_mmap },
	{ CLASSIC_POOL, get_single, put_single },
	{ BULK_POOL, get_array, put_bulk },
	{ BULK_POOL, get_cb, put_bulk },
	{ BULK_POOL, get_runs, put_bulk },
};
const char *const memory_names[] = { "malloc", "mmap", "single", "bulk-array", "bulk-cb", "runs", NULL };
static const struct way *way;

int memory_choose(const char *name)
{
	for (int i = 0; memory_names[i]; i++)
		if (strcmp(memory_names[i], name) == 0) {
			way = &ways[i];
			return 0;
		}
	return -1;
}

int memory_setup(unsigned int pool_pages, uint64_t limit)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = limit, .node = -1 };
	int error;

	if (way->pool == NO_POOL)
		return 0;
	error = mempool_bulk_configure(&config);
	if (error)
		return error;
	if (way->pool == CLASSIC_POOL)
		return mempool_init(&pool, (int)pool_pages, alloc_one, free_one, NULL);
	return mempool_init_pages_bulk(&pool, (int)pool_pages, NULL, NULL, NULL);
}

uint64_t memory_exit(void)
{
	struct mempool_bulk_stats stats = { .struct_size = sizeof(stats) };

	if (!mempool_initialized(&pool))
		return 0;
	mempool_exit(&pool);
	mempool_bulk_get_stats(&stats);
	return stats.pages_outstanding;
}

int memory_get(struct memory *m, unsigned int nr)
{
	m->nr = nr;
	m->runs = 0;
	return way->get(m, nr);
}

void memory_put(struct memory *m)
{
	way->put(m);
}

/* Cuts the last run off where the bytes end. */
static void cut(struct iovec *iov, int runs, size_t bytes)
{
	for (int i = 0; i < runs - 1; i++)
		bytes -= iov[i].iov_len;
	iov[runs - 1].iov_len = bytes;
}

int memory_iovec(struct memory *m, size_t bytes, struct iovec *iov)
{
	int runs = m->runs;

	if (runs) {
		memcpy(iov, m->run, (size_t)runs * sizeof(*iov));
	} else if (way->pool == NO_POOL) {
		iov[runs++].iov_base = m->piece;
	} else {
		runs = mempool_bulk_pages_to_iovec(m->pages, m->nr, iov, MEMORY_MAX_PAGES);
	}
	cut(iov, runs, bytes);
	return runs;
}

struct mempool_bulk_pool_stats memory_stats(void)
{
	struct mempool_bulk_pool_stats stats = { .struct_size = sizeof(stats) };

	if (mempool_initialized(&pool))
		mempool_bulk_get_pool_stats(&pool, &stats);
	return stats;
}
