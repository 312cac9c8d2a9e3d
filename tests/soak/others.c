/* Those who change the world under the workers: pools grow and shrink, memory goes back to the system, the
 * process forks, requests fail on purpose, and a cache gives pages up when others find none. */
#include "soak.h"
#include <fcntl.h>
#include <sys/wait.h>

void *resizer(void *number)
{
	struct rng rng = rng_of((unsigned int)(uintptr_t)number);

	while (!stopping) {
		mempool_t *pool = &pools[rnd(&rng, POOLS - 1)], *fresh;

		CHECK(mempool_resize(pool, ASK + (int)rnd(&rng, 3 * ASK)) == 0);
		mempool_bulk_refill(&pools[rnd(&rng, POOLS)], rnd(&rng, 2) ? GFP_NOWAIT : GFP_KERNEL | __GFP_NORETRY);
		/* A pool that comes and goes: it may not come while memory is short. */
		fresh = mempool_create_pages_bulk((int)rnd(&rng, ASK), NULL, NULL, NULL);
		if (fresh)
			mempool_destroy(fresh);
		atomic_fetch_add(&counts.resizes, 1);
		nap_us(rnd(&rng, 3000));
	}
	return NULL;
}

/* Takes many pages for a moment, so that there are some to give back to the system. */
static void burst(void)
{
	static struct page *pages[BURST];
	unsigned int n;

	memset(pages, 0, sizeof(pages));
	n = (unsigned int)alloc_pages_bulk(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, BURST, pages);
	for (unsigned int i = 0; i < n; i++)
		born(pages[i], 0);
	for (unsigned int i = 0; i < n; i++)
		dies(pages[i], 0);
	release_pages(pages, (int)n);
}

/* Also looks at all counts, at moments when everything moves. */
void *trimmer(void *number)
{
	struct rng rng = rng_of((unsigned int)(uintptr_t)number);
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(nowhere >= 0);
	while (!stopping) {
		struct mempool_bulk_stats stats = { .struct_size = sizeof(stats) };

		burst();
		atomic_fetch_add(&counts.trimmed, mempool_bulk_trim((uint64_t)rnd(&rng, 4) << 20) / PAGE_SIZE);
		atomic_fetch_add(&counts.trims, 1);
		mempool_bulk_get_stats(&stats);
		CHECK(stats.pages_committed <= LIMIT_PAGES && stats.pages_bad == 0);
		CHECK(mempool_bulk_dump(nowhere) == 0);
		nap_us(rnd(&rng, 20000));
	}
	close(nowhere);
	return NULL;
}

/* Lets requests fail on purpose for a moment; between such moments the page cache is in use. */
void *faulter(void *number)
{
	struct rng rng = rng_of((unsigned int)(uintptr_t)number);

	while (!stopping) {
		enum mempool_bulk_fault which = (enum mempool_bulk_fault)rnd(&rng, 3);
		struct mempool_bulk_fault_attr attr = { 1 + rnd(&rng, 50), 1 + rnd(&rng, 3), -1, rnd(&rng, 50) };

		CHECK(mempool_bulk_set_fault(which, &attr) == 0);
		nap_us(rnd(&rng, 5000));
		CHECK(mempool_bulk_set_fault(which, NULL) == 0);
		atomic_fetch_add(&counts.faults, 1);
		nap_us(10000 + rnd(&rng, 50000));
	}
	return NULL;
}

/* The child has the pages that threads held which it does not have; it must be able to use all pools. Nothing
 * may fail silently there, and nothing may take long. */
static void in_the_child(struct rng *rng)
{
	struct timespec moment = { 0, 20000000 };

	alarm(60);
	for (int i = 0; i < 20; i++) {
		mempool_t *pool = &pools[rnd(rng, BULK_POOLS)];
		struct page *pages[ASK] = { NULL };
		int result = mempool_bulk_alloc_pages_timeout(pool, GFP_KERNEL, 1 + rnd(rng, ASK), pages, &moment);

		CHECK(result == 0 || result == -ETIMEDOUT);
		for (int j = 0; j < ASK; j++)
			if (pages[j])
				born(pages[j], 0);
		for (int j = 0; j < ASK; j++)
			if (pages[j])
				dies(pages[j], 0);
		mempool_bulk_free_pages(pool, pages, ASK);
	}
	CHECK(mempool_resize(&pools[0], ASK) == 0);
	_exit(0);
}

void *forker(void *number)
{
	struct rng rng = rng_of((unsigned int)(uintptr_t)number);

	while (!stopping) {
		int status;
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0)
			in_the_child(&rng);
		CHECK(waitpid(child, &status, 0) == child);
		if (status != 0)
			fprintf(stderr, "a child ended with status %#x\n", (unsigned int)status);
		CHECK(status == 0);
		atomic_fetch_add(&counts.forks, 1);
		nap_us(20000 + rnd(&rng, 50000));
	}
	return NULL;
}

/* What lies in the mailbox is the program's cache. */
static unsigned long scan(struct mempool_bulk_shrinker *self, unsigned long nr_pages, gfp_t gfp)
{
	static atomic_uint hand;
	unsigned long freed = 0;

	(void)self;
	(void)gfp;
	for (unsigned int i = 0; i < MAILBOX && freed < nr_pages; i++) {
		struct page *page = mailbox_swap(atomic_fetch_add(&hand, 1), NULL);

		if (page) {
			dies(page, 0);
			__free_page(page);
			freed++;
		}
	}
	atomic_fetch_add(&counts.shrunk, freed);
	return freed;
}

struct mempool_bulk_shrinker shrinker = { .scan = scan };
