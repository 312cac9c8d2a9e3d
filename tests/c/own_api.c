/* Our own names, and user code in the style of kernel drivers: contract K58, K112, K121, K133, K171. */
#include "check.h"
#include <sys/uio.h>

static mempool_t pool;
static struct counter c;

TEST(pages_to_iovec_merges_neighbours)
{
	struct page *p = alloc_pages(GFP_KERNEL, 3), *list[5];
	struct iovec iov[5];

	catch_reports();
	for (int i = 0; i < 3; i++)
		list[i] = p + i;
	list[3] = p + 5;
	list[4] = p + 6;
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 5) == 2);
	CHECK(iov[0].iov_base == page_address(p) && iov[0].iov_len == 3 * 4096);
	CHECK(iov[1].iov_base == page_address(p + 5) && iov[1].iov_len == 2 * 4096);
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 1) == -ENOSPC);
	CHECK(mempool_bulk_pages_to_iovec(list, 5, NULL, 0) == -ENOSPC);
	CHECK(mempool_bulk_pages_to_iovec(list, 0, NULL, 0) == 0);
	list[2] = (struct page *)&pool;
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 5) == -EINVAL);
	CHECK(mempool_bulk_pages_to_iovec(NULL, 5, iov, 5) == -EINVAL);
	__free_pages(p, 3);
}

TEST(regions_cover_every_page)
{
	struct iovec region;
	struct page *p = alloc_page(GFP_KERNEL);
	char *at = page_address(p);

	CHECK(mempool_bulk_regions(NULL, 0) == 1 && mempool_bulk_regions(&region, 1) == 1);
	CHECK(at >= (char *)region.iov_base && at + 4096 <= (char *)region.iov_base + region.iov_len);
	__free_page(p);
}

TEST(dump_and_short_stats)
{
	struct {
		size_t struct_size;
		uint64_t allocated, untouched;
	} old = { 2 * sizeof(size_t), 0, 77 };
	char text[2048] = "";
	int fd[2];

	__free_page(alloc_page(GFP_KERNEL));
	mempool_bulk_get_stats((struct mempool_bulk_stats *)(void *)&old);
	CHECK(old.allocated == 1 && old.untouched == 77);
	CHECK(pipe(fd) == 0 && mempool_bulk_dump(fd[1]) == 0);
	CHECK(read(fd[0], text, sizeof(text) - 1) > 0 && strstr(text, "blocks by order"));
	CHECK(mempool_bulk_dump(-1) == -EBADF);
}

TEST(looking_at_counters_sets_nothing_up)
{
	check_conserved();
	CHECK(outstanding() == 0);
	configure(64 * 4096, 0);
}

TEST(pool_counters)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };
	void *e[3];

	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	e[0] = mempool_alloc(&pool, GFP_KERNEL);
	e[1] = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	e[2] = mempool_alloc(&pool, GFP_NOWAIT);
	CHECK(mempool_alloc(&pool, GFP_NOWAIT) == NULL);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	mempool_bulk_get_pool_stats(&pool, &s);
	CHECK(s.min_nr == 2 && s.curr_nr == 2 && s.allocated == 3 && s.freed == 3 && s.from_reserve == 2);
	CHECK(s.waits == 0 && s.waiters == 0);
	mempool_exit(&pool);
}

static struct page *fill_by_name(void)
{
	struct page *p[2] = { NULL };

	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 2, p));
	mempool_free(p[1], &pool);
	return p[0];
}

TEST(own_functions_by_name)
{
	CHECK(mempool_init_pages_bulk(&pool, 2, mempool_bulk_alloc_pages, mempool_bulk_free_page, NULL) == 0);
	CHECK(pool.alloc_pages_bulk == mempool_bulk_alloc_pages);
	mempool_free(fill_by_name(), &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(buffers_need_pages)
{
	void *buffers[2];

	catch_reports();
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 2, buffers) && warns == 1);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 2, buffers) && warns == 1);
	mempool_exit(&pool);
}

static void *grow_to(void *n)
{
	CHECK(mempool_resize(&pool, (int)(uintptr_t)n) == 0);
	return NULL;
}

TEST(K58_two_grows)
{
	for (int i = 0; i < 200; i++) {
		pthread_t a, b;

		CHECK(mempool_init(&pool, 3, mempool_kmalloc, mempool_kfree, (void *)16) == 0);
		CHECK(pthread_create(&a, NULL, grow_to, (void *)8) == 0);
		CHECK(pthread_create(&b, NULL, grow_to, (void *)16) == 0);
		pthread_join(a, NULL);
		pthread_join(b, NULL);
		CHECK((pool.min_nr == 16 || pool.min_nr == 8) && pool.curr_nr <= pool.min_nr);
		mempool_exit(&pool);
	}
}

TEST(K121_scopes)
{
	unsigned int outer = memalloc_noio_save(), inner = memalloc_nofs_save();
	struct page *p = alloc_page(GFP_KERNEL);

	CHECK(p != NULL);
	memalloc_nofs_restore(inner);
	memalloc_noio_restore(outer);
	CHECK(memalloc_noio_save() == outer);
	memalloc_noio_restore(outer);
	__free_page(p);
}

static void *singles(void *stop)
{
	while (!*(atomic_int *)stop)
		mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	return NULL;
}

TEST(K133_bulk_among_singles)
{
	static atomic_int stop;
	pthread_t t[2];

	CHECK(mempool_init(&pool, 6, counter_alloc, counter_free, &c) == 0);
	c.fail = 1;
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, singles, &stop) == 0);
	for (int i = 0; i < 200; i++) {
		void *e[5];

		CHECK(mempool_alloc_bulk(&pool, e, 5) == 0);
		for (int j = 0; j < 5; j++)
			mempool_free(e[j], &pool);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 6);
	mempool_exit(&pool);
}

/* A driver that counts its pages and refuses beyond a limit when the pool asks politely. */
static struct {
	atomic_long pages;
	long limit;
} client;

static unsigned int client_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
				void (*cb)(struct page *, void *), void *cb_data)
{
	unsigned int ret;

	(void)data;
	if (client.pages + nr > client.limit && (gfp & __GFP_NORETRY))
		return 0;
	ret = (unsigned int)(array ? alloc_pages_bulk_array(gfp, nr, array) : alloc_pages_bulk_cb(gfp, nr, cb, cb_data));
	client.pages += ret;
	return ret;
}

static void client_free(void *page, void *data)
{
	(void)data;
	client.pages--;
	__free_page(page);
}

static void link_page(struct page *page, void *data)
{
	struct page ***at = data;

	*(*at)++ = page;
}

TEST(K112_K171_client_with_a_limit)
{
	struct page *pages[64], **at = pages;

	client.limit = 40;
	CHECK(mempool_init_pages_bulk(&pool, 32, client_bulk, client_free, &client) == 0 && client.pages == 0);
	for (int round = 0; round < 10; round++) {
		at = pages;
		CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOWAIT | __GFP_HIGHMEM, 32, link_page, &at));
		CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_NOIO, 32, link_page, &at) && at == pages + 64);
		CHECK(client.pages == 32 && pool.curr_nr == 0);
		for (int i = 0; i < 64; i++)
			mempool_free(pages[i], &pool);
		CHECK(client.pages == 0 && pool.curr_nr == 32);
	}
	mempool_exit(&pool);
	CHECK(client.pages == -32 && outstanding() == 0);
}

TEST_MAIN()
