/* Random blocks of pages against a small model: orders, splits, exact ranges, references. Every page
 * carries its owner's mark while it is held. MODEL_SEED=n repeats a run. */
#include "check.h"

enum { MOST = 200, STEPS = 20000, THREADS = 4, THREAD_STEPS = 8000 };

struct held {
	struct page *page;
	unsigned int pages, order; /* order: as freed; pages differ for exact ranges */
	int references;
	bool exact;
};

struct model {
	struct held held[MOST];
	unsigned int nr;
	unsigned long pages;
	uint64_t random;
};

static unsigned int rnd(struct model *m, unsigned int below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (unsigned int)(m->random >> 33) % below;
}

static void mark(struct held *h, struct model *m)
{
	for (unsigned int i = 0; i < h->pages; i++) {
		*(void **)page_address(h->page + i) = m;
		((unsigned long *)page_address(h->page + i))[511] = page_to_pfn(h->page + i);
	}
}

static void check_mark(const struct held *h, const struct model *m)
{
	for (unsigned int i = 0; i < h->pages; i++) {
		CHECK(*(void **)page_address(h->page + i) == m);
		CHECK(((unsigned long *)page_address(h->page + i))[511] == page_to_pfn(h->page + i));
	}
	CHECK(page_count(h->page) == h->references);
}

static void born(struct model *m, struct page *page, unsigned int pages, unsigned int order, bool exact)
{
	struct held *h = &m->held[m->nr++];

	*h = (struct held){ page, pages, order, 1, exact };
	m->pages += pages;
	mark(h, m);
}

static void take(struct model *m)
{
	unsigned int order = rnd(m, 7), bytes = 1 + rnd(m, 40 * 4096);
	struct page *page;
	void *exact;

	if (rnd(m, 4) == 0) {
		if ((exact = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_NOWARN)))
			born(m, virt_to_page(exact), (bytes + 4095) / 4096, 0, true);
	} else if ((page = alloc_pages((rnd(m, 2) ? GFP_KERNEL : GFP_NOWAIT) | __GFP_NOWARN, order))) {
		CHECK(page_private(page) == 0);
		born(m, page, 1u << order, order, false);
	}
}

static void give(struct model *m)
{
	unsigned int i = rnd(m, m->nr);
	struct held *h = &m->held[i];

	check_mark(h, m);
	if (h->exact) {
		free_pages_exact(page_address(h->page), (size_t)h->pages * 4096);
	} else {
		__free_pages(h->page, h->order);
		if (--h->references)
			return;
	}
	m->pages -= h->pages;
	*h = m->held[--m->nr];
}

/* Turns a block into single pages, gives most of them back, keeps the rest on its own. */
static void split(struct model *m)
{
	unsigned int i = rnd(m, m->nr), keep;
	struct held h = m->held[i];

	if (h.exact || h.references != 1)
		return;
	check_mark(&h, m);
	split_page(h.page, h.order);
	keep = rnd(m, h.pages);
	for (unsigned int j = 0; j < h.pages; j++)
		if (j != keep)
			__free_page(h.page + j);
	m->pages -= h.pages - 1;
	m->held[i] = (struct held){ h.page + keep, 1, 0, 1, false };
}

static void refer(struct model *m)
{
	struct held *h = &m->held[rnd(m, m->nr)];

	if (h->exact)
		return;
	get_page(h->page);
	set_page_private(h->page + h->pages - 1, 5);
	h->references++;
}

static void step(struct model *m)
{
	unsigned int what = rnd(m, 10);

	if (m->nr == 0 || (what < 4 && m->nr < MOST))
		take(m);
	else if (what < 8)
		give(m);
	else if (what == 8)
		split(m);
	else
		refer(m);
}

static void drop_all(struct model *m)
{
	while (m->nr)
		give(m);
	CHECK(m->pages == 0);
}

static uint64_t seed(void)
{
	const char *text = getenv("MODEL_SEED");
	uint64_t n = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	fprintf(stderr, "MODEL_SEED=%llu\n", (unsigned long long)n);
	return n * 2 + 1;
}

TEST(random_blocks_match_the_model)
{
	static struct model m;

	m.random = seed();
	configure(3000 * 4096, 0);
	for (int i = 0; i < STEPS; i++) {
		step(&m);
		CHECK(outstanding() == m.pages);
		check_conserved();
	}
	drop_all(&m);
	CHECK(outstanding() == 0);
	check_conserved();
}

static void *steps(void *arg)
{
	struct model *m = arg;

	for (int i = 0; i < THREAD_STEPS; i++)
		step(m);
	drop_all(m);
	return NULL;
}

TEST(threads_with_blocks_do_not_meet)
{
	static struct model m[THREADS];
	pthread_t t[THREADS];
	uint64_t n = seed();

	configure(3000 * 4096, 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		m[i].random = n + i * 1000;
		CHECK(pthread_create(&t[i], NULL, steps, &m[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
