/* What the parts of the soak share: the pages that are held, with the pattern in each, the pools, the counts.
 * Invariant: owned[] says of each page whether somebody holds it; a page is marked before it is written and
 * unmarked before it is freed, so a page that is handed out while it is marked has two users. */
#ifndef SOAK_H
#define SOAK_H

#include <errno.h>
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LIMIT_PAGES = 4096,
	WORKERS = 16,
	BURST = 1024,	  /* pages that are taken only to be given back to the system */
	HOLD = 512,	  /* most pages that a worker ever holds: all together more than there are */
	ASK = 64,	  /* most pages of a request, and least elements of a pool's reserve */
	MAILBOX = 128,
	BULK_POOLS = 2,	  /* of single pages for bulk requests; then one of single pages, one of blocks */
	POOLS = 4,
	BLOCK_ORDER = 2,
};

#define CHECK(cond)                                                                               \
	do {                                                                                      \
		if (!(cond))                                                                      \
			failed(__FILE__, __LINE__, #cond);                                        \
	} while (0)

/* Says what is wrong, and where all pages are, and ends the program. */
void failed(const char *file, int line, const char *what) __attribute__((noreturn));

struct counts {
	atomic_ulong calls, pages, empty, timeouts, queued, cancelled, forks, signals, resizes, trims, trimmed, shrunk,
		faults;
};
extern struct counts counts;
extern mempool_t pools[POOLS];
extern atomic_bool stopping;
/* How many pages a worker may hold now: there are tides, so that memory is short and left over in turn. */
extern atomic_uint tide;
extern uint64_t seed;

/* A thread's own sequence of numbers. */
struct rng {
	uint64_t state;
};

static inline unsigned int rnd(struct rng *rng, unsigned int below)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return (unsigned int)(rng->state >> 33) % below;
}

static inline struct rng rng_of(unsigned int thread)
{
	struct rng rng = { (seed + thread + 1) * 0x9e3779b97f4a7c15u | 1 };

	for (int i = 0; i < 8; i++)
		rnd(&rng, 2);
	return rng;
}

static inline void nap_us(unsigned int us)
{
	struct timespec ts = { 0, (long)us * 1000 };

	nanosleep(&ts, NULL);
}

/* pages.c */
void born(struct page *page, unsigned int order);
void dies(struct page *page, unsigned int order);
struct page *mailbox_swap(unsigned int at, struct page *page);
void mailbox_empty(void);
unsigned int owned_pages(void);

/* worker.c */
void *worker(void *number);
void on_signal(int sig);

/* others.c */
void *resizer(void *number);
void *trimmer(void *number);
void *forker(void *number);
void *faulter(void *number);
extern struct mempool_bulk_shrinker shrinker;

#endif
