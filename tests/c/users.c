/* User code in the style of kernel drivers, unchanged but for its names: contract K170 to K174. */
#include "check.h"

static mempool_t pool;

/* A disk encrypter: counts its pages and refuses beyond a limit when the pool asks politely. */
static struct client {
	atomic_long pages;
	long limit;
	void *seen[512];
	int nr_seen;
} client;

static unsigned int client_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
				void (*cb)(struct page *, void *), void *cb_data)
{
	struct client *cc = data;
	unsigned int ret;

	if (cc->pages + nr > cc->limit && (gfp & __GFP_NORETRY))
		return 0;
	ret = (unsigned int)(array ? alloc_pages_bulk_array(gfp, nr, array) : alloc_pages_bulk_cb(gfp, nr, cb, cb_data));
	cc->pages += ret;
	return ret;
}

static void client_free(void *page, void *data)
{
	struct client *cc = data;

	if (cc->nr_seen < 512)
		cc->seen[cc->nr_seen++] = page;
	cc->pages--;
	__free_page(page);
}

/* What a write hangs its pages on. */
struct bio {
	struct page *pages[64];
	unsigned int nr;
};

static void add_to_bio(struct page *page, void *data)
{
	struct bio *bio = data;

	bio->pages[bio->nr++] = page;
}

static void free_bio(struct bio *bio)
{
	while (bio->nr)
		mempool_free(bio->pages[--bio->nr], &pool);
}

static pthread_mutex_t bio_alloc_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int retries;

static void alloc_bio(struct bio *bio, unsigned int nr)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_HIGHMEM;

retry:
	if (gfp & __GFP_DIRECT_RECLAIM)
		pthread_mutex_lock(&bio_alloc_lock);
	if (!mempool_alloc_pages_bulk_cb(&pool, gfp, nr, add_to_bio, bio)) {
		free_bio(bio);
		CHECK(!(gfp & __GFP_DIRECT_RECLAIM));
		gfp |= __GFP_DIRECT_RECLAIM;
		retries++;
		goto retry;
	}
	if (gfp & __GFP_DIRECT_RECLAIM)
		pthread_mutex_unlock(&bio_alloc_lock);
	CHECK(bio->nr == nr);
}

TEST(K112_K171_client_with_a_limit)
{
	struct bio first = { .nr = 0 }, second = { .nr = 0 };

	client.limit = 40;
	CHECK(mempool_init_pages_bulk(&pool, 32, client_bulk, client_free, &client) == 0 && client.pages == 0);
	for (int round = 0; round < 10; round++) {
		alloc_bio(&first, 32);
		CHECK(client.pages == 32 && pool.curr_nr == 32);
		alloc_bio(&second, 32);
		CHECK(client.pages == 32 && pool.curr_nr == 0);
		free_bio(&first);
		free_bio(&second);
		CHECK(client.pages == 0 && pool.curr_nr == 32);
	}
	mempool_exit(&pool);
	CHECK(client.pages == -32 && outstanding() == 0);
}

static void *writer(void *arg)
{
	unsigned int nr = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < 2000; i++) {
		struct bio bio = { .nr = 0 };

		alloc_bio(&bio, nr);
		for (unsigned int j = 0; j < nr; j++)
			*(uintptr_t *)page_address(bio.pages[j]) = (uintptr_t)&bio + j;
		for (unsigned int j = 0; j < nr; j++)
			CHECK(*(uintptr_t *)page_address(bio.pages[j]) == (uintptr_t)&bio + j);
		free_bio(&bio);
	}
	return NULL;
}

TEST(K171_writers_share_a_reserve)
{
	static const uintptr_t sizes[4] = { 32, 17, 32, 1 };
	pthread_t t[4];

	configure(0, NO_RETRY);
	client.limit = 8;
	CHECK(mempool_init_pages_bulk(&pool, 32, client_bulk, client_free, &client) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, writer, (void *)sizes[i]) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 32 && client.pages == 0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(K170_pointers_keep_their_value_through_void)
{
	struct bio bio = { .nr = 0 };
	struct page *pages[4];

	client.limit = 100;
	CHECK(mempool_init_pages_bulk(&pool, 2, client_bulk, client_free, &client) == 0);
	alloc_bio(&bio, 4);
	memcpy(pages, bio.pages, sizeof(pages));
	free_bio(&bio);
	CHECK(client.nr_seen == 4);
	for (int i = 0; i < 4; i++)
		CHECK(client.seen[i] == pages[3 - i]);
	mempool_exit(&pool);
}

TEST(K172_f2fs_style)
{
	mempool_t *compress_pool = mempool_create_page_pool(512, 0);
	struct page *pages[600];

	for (int i = 0; i < 600; i++) {
		pages[i] = mempool_alloc(compress_pool, GFP_NOFS);
		CHECK(pages[i] && page_private(pages[i]) == 0 && page_count(pages[i]) == 1);
		set_page_private(pages[i], (unsigned long)i);
	}
	for (int i = 0; i < 600; i++) {
		CHECK(page_private(pages[i]) == (unsigned long)i);
		set_page_private(pages[i], 0);
		mempool_free(pages[i], compress_pool);
	}
	mempool_destroy(compress_pool);
	CHECK(outstanding() == 0);
}

TEST(private_is_zero_again_after_a_stay_in_a_reserve)
{
	mempool_t *p = mempool_create_page_pool(1, 0);
	struct page *page = mempool_alloc_preallocated(p);

	set_page_private(page, 5);
	mempool_free(page, p);
	CHECK(mempool_alloc_preallocated(p) == page && page_private(page) == 0 && page_count(page) == 1);
	mempool_free(page, p);
	mempool_destroy(p);
}

static gfp_t isa_mask;

static void *isa_alloc(gfp_t gfp, void *data)
{
	isa_mask = gfp | GFP_DMA;
	return mempool_alloc_pages(isa_mask, data);
}

TEST(K173_bounce_style)
{
	struct page *page;

	CHECK(mempool_init(&pool, 16, isa_alloc, mempool_free_pages, (void *)0) == 0 && isa_mask == 0xcc1);
	for (int i = 0; i < 100; i++) {
		page = mempool_alloc(&pool, GFP_NOIO);
		CHECK(isa_mask == 0x92801);
		memset(page_address(page), 1, PAGE_SIZE);
		CHECK(virt_to_page(page_address(page)) == page);
		mempool_free(page, &pool);
	}
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static void bounce(unsigned int nr, unsigned long at_once)
{
	struct page *pages[32] = { NULL };
	unsigned int i, flags = memalloc_noio_save();
	unsigned long n = alloc_pages_bulk(GFP_KERNEL, at_once, pages);

	if (n < nr)
		mempool_alloc_bulk(&pool, (void **)pages + n, nr - (unsigned int)n);
	memalloc_noio_restore(flags);
	for (i = 0; i < nr; i++)
		memset(page_address(pages[i]), 1, PAGE_SIZE);
	i = mempool_free_bulk(&pool, (void **)pages, nr);
	if (i < nr)
		release_pages(pages + i, (int)(nr - i));
}

TEST(K174_blk_crypto_style)
{
	CHECK(mempool_init_page_pool(&pool, 32, 0) == 0);
	for (unsigned int nr = 1; nr <= 32; nr++) {
		bounce(nr, nr);
		bounce(nr, nr / 2);
		CHECK(pool.curr_nr == 32 && outstanding() == 32);
	}
	free_page((unsigned long)page_address(mempool_alloc_preallocated(&pool)));
	bounce(32, 32);
	CHECK(pool.curr_nr == 32 && outstanding() == 32);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

/* A cache swaps its pages with a pool's; another frees four times what it takes. */
TEST(elements_are_fungible)
{
	mempool_t other = { 0 };
	struct page *a, *extra;

	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0 && mempool_init_pages_bulk(&other, 2, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		a = mempool_alloc(&pool, GFP_KERNEL);
		extra = alloc_page(GFP_KERNEL);
		mempool_free(mempool_alloc_preallocated(&other), &pool);
		mempool_free(a, &other);
		mempool_free(extra, i % 2 ? &pool : &other);
	}
	CHECK(pool.curr_nr == 2 && other.curr_nr == 2 && outstanding() == 4);
	mempool_exit(&pool);
	mempool_exit(&other);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
