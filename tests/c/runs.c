/* How contiguous pages are: runs on a fresh arena, and after long random churn at half occupancy.
 * CHURN=n in the environment makes the churn longer. */
#include "check.h"

enum { PAGES = 65536, HALF = PAGES / 2, RUN = 256 };

struct buffer {
	unsigned int n;
	struct page *pages[RUN];
};

static mempool_t pool;
static struct buffer *buffers;
static unsigned int nr_buffers;
static struct page *got[RUN];
static unsigned int nr_got, nr_runs;
static uint64_t state = 88172645463325252u;

static unsigned int rnd(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 33) % below;
}

static void on_run(struct page *first, unsigned int nr, void *data)
{
	(void)data;
	nr_runs++;
	for (unsigned int i = 0; i < nr; i++)
		got[nr_got++] = first + i;
}

/* Pages per run of 256 pages, as a mean over 64 requests. */
static unsigned int mean_run(void)
{
	unsigned int runs = 0;

	for (int i = 0; i < 64; i++) {
		nr_got = nr_runs = 0;
		CHECK(mempool_bulk_alloc_runs(&pool, GFP_NOWAIT, RUN, on_run, NULL) && nr_got == RUN);
		runs += nr_runs;
		mempool_bulk_free_pages(&pool, got, RUN);
	}
	return 64 * RUN / runs;
}

static void shuffle(struct buffer *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		unsigned int j = i + rnd(b->n - i);
		struct page *page = b->pages[i];

		b->pages[i] = b->pages[j];
		b->pages[j] = page;
	}
}

static void churn(unsigned int (*size)(void), int scattered)
{
	long ops = getenv("CHURN") ? atol(getenv("CHURN")) : 300000;
	unsigned long held = 0;

	for (long i = 0; i < ops; i++) {
		struct buffer *b = &buffers[nr_buffers];

		if (nr_buffers == 0 || (held < HALF ? rnd(10) < 9 : rnd(10) < 1)) {
			memset(b, 0, sizeof(*b));
			b->n = size();
			CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_NOWAIT, b->n, b->pages));
			nr_buffers++;
			held += b->n;
		} else {
			b = &buffers[rnd(nr_buffers)];
			if (scattered)
				shuffle(b);
			mempool_bulk_free_pages(&pool, b->pages, b->n);
			held -= b->n;
			*b = buffers[--nr_buffers];
		}
	}
}

static unsigned int one(void) { return 1; }
static unsigned int up_to_256(void) { return 1 + rnd(RUN); }
static unsigned int powers(void) { return 1u << rnd(9); }

static void check_churn(unsigned int (*size)(void), int scattered)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	unsigned int mean;

	config.limit_bytes = config.prealloc_bytes = PAGES * 4096ull;
	CHECK(mempool_bulk_configure(&config) == 0);
	CHECK(mempool_init_pages_bulk(&pool, RUN, NULL, NULL, NULL) == 0);
	buffers = calloc(PAGES, sizeof(*buffers));
	CHECK(buffers != NULL);
	churn(size, scattered);
	mean = mean_run();
	printf("%u pages a run\n", mean);
	CHECK(mean >= 8);
	while (nr_buffers-- > 0)
		mempool_bulk_free_pages(&pool, buffers[nr_buffers].pages, buffers[nr_buffers].n);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
	free(buffers);
}

TEST(a_fresh_arena_gives_one_run)
{
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, RUN, on_run, NULL));
	CHECK(nr_runs == 1 && nr_got == RUN);
	mempool_bulk_free_pages(&pool, got, RUN);
	mempool_exit(&pool);
}

TEST(runs_after_churn_of_single_pages) { check_churn(one, 0); }
TEST(runs_after_churn_of_random_sizes) { check_churn(up_to_256, 0); }
TEST(runs_after_churn_of_powers_of_two) { check_churn(powers, 0); }
TEST(runs_after_churn_freed_in_scattered_order) { check_churn(powers, 1); }

static atomic_int done;

static void give_back(struct page *first, unsigned int nr, void *data)
{
	(void)data;
	while (nr--)
		mempool_free(first++, &pool);
}

static void *more_than_there_is(void *arg)
{
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 8, give_back, NULL));
	done = 1;
	return arg;
}

/* A request for more than min_nr pages can go on only with what its own callback gives back. */
TEST(runs_are_delivered_before_a_sleep)
{
	struct page *all[64] = { NULL };
	pthread_t t;

	catch_reports();
	configure(64 * PAGE_SIZE, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 64, all);
	CHECK(pthread_create(&t, NULL, more_than_there_is, NULL) == 0);
	UNTIL(done);
	pthread_join(t, NULL);
	release_pages(all, 60);
	mempool_exit(&pool);
}

TEST_MAIN()
