/* Our own names: buffers, runs, iovecs, regions, counters, refill, configuration. */
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
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 2) == 2);
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 1) == -ENOSPC);
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, -1) == -ENOSPC);
	CHECK(mempool_bulk_pages_to_iovec(list, 5, NULL, 0) == -ENOSPC);
	CHECK(mempool_bulk_pages_to_iovec(list, 0, NULL, 0) == 0 && warns == 0);
	list[2] = (struct page *)&pool;
	CHECK(mempool_bulk_pages_to_iovec(list, 5, iov, 5) == -EINVAL);
	CHECK(mempool_bulk_pages_to_iovec(NULL, 5, iov, 5) == -EINVAL && warns == 2);
	__free_pages(p, 3);
}

TEST(regions_cover_every_page)
{
	struct iovec region;
	struct page *p;
	char *at;

	CHECK(mempool_bulk_regions(NULL, 0) == 0);
	p = alloc_page(GFP_KERNEL);
	at = page_address(p);
	CHECK(mempool_bulk_regions(NULL, 0) == 1 && mempool_bulk_regions(&region, 1) == 1);
	CHECK(mempool_bulk_regions(NULL, 5) == 1);
	CHECK(at >= (char *)region.iov_base && at + 4096 <= (char *)region.iov_base + region.iov_len);
	__free_page(p);
}

TEST(everything_preallocated_never_changes)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	static struct page *p[2000];
	struct iovec before, after;

	config.limit_bytes = config.prealloc_bytes = 2000 * 4096;
	CHECK(mempool_bulk_configure(&config) == 0);
	__free_page(alloc_page(GFP_NOWAIT));
	CHECK(mempool_bulk_regions(&before, 1) == 1 && before.iov_len == 2000 * 4096);
	CHECK(alloc_pages_bulk(GFP_NOWAIT, 2000, p) == 1985); /* a 128th is for __GFP_HIGH */
	CHECK(mempool_bulk_regions(&after, 1) == 1 && memcmp(&before, &after, sizeof(before)) == 0);
	release_pages(p, 1985);
	check_conserved();
}

TEST(dump_and_short_stats)
{
	struct {
		size_t struct_size;
		uint64_t allocated, untouched;
	} old = { 2 * sizeof(size_t), 0, 77 };
	struct {
		struct mempool_bulk_stats known;
		uint64_t unknown;
	} young = { .known = { .struct_size = sizeof(young) }, .unknown = 88 };
	char text[2048] = "";
	int fd[2];

	__free_page(alloc_page(GFP_KERNEL));
	mempool_bulk_get_stats((struct mempool_bulk_stats *)(void *)&old);
	CHECK(old.allocated == 1 && old.untouched == 77 && old.struct_size == 2 * sizeof(size_t));
	mempool_bulk_get_stats(&young.known);
	CHECK(young.known.pages_allocated == 1 && young.unknown == 88 && young.known.struct_size == sizeof(young.known));
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
	mempool_bulk_get_pool_stats(&pool, &s);
	CHECK(s.min_nr == 2 && s.curr_nr == 2 && s.allocated == 0 && s.freed == 0 && s.from_reserve == 0);
	e[0] = mempool_alloc(&pool, GFP_KERNEL);
	e[1] = mempool_alloc_preallocated(&pool);
	c.fail = 1;
	e[2] = mempool_alloc(&pool, GFP_NOWAIT);
	CHECK(mempool_alloc(&pool, GFP_NOWAIT) == NULL);
	for (int i = 0; i < 3; i++)
		mempool_free(e[i], &pool);
	mempool_bulk_get_pool_stats(&pool, &s);
	CHECK(s.min_nr == 2 && s.curr_nr == 2 && s.allocated == 3 && s.freed == 3 && s.from_reserve == 2);
	CHECK(s.waits == 0 && s.waiters == 0 && s.timeouts == 0);
	mempool_exit(&pool);
}

TEST(own_functions_by_name)
{
	struct page *p[2] = { NULL };

	CHECK(mempool_init_pages_bulk(&pool, 2, mempool_bulk_alloc_pages, mempool_bulk_free_page, NULL) == 0);
	CHECK(pool.alloc_pages_bulk == mempool_bulk_alloc_pages && pool.free == mempool_bulk_free_page);
	CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 2, p) && p[0] && p[1]);
	mempool_free(p[1], &pool);
	mempool_free(p[0], &pool);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

static void take(struct page *page, void *data)
{
	struct page ***at = data;

	*(*at)++ = page;
}

TEST(own_bulk_function_called_directly)
{
	struct page *p[5] = { NULL, (struct page *)&pool, NULL }, **at = p;

	CHECK(mempool_bulk_alloc_pages(GFP_KERNEL, 3, NULL, p, NULL, NULL) == 3 && p[0] && p[2]);
	CHECK(p[1] == (struct page *)&pool && outstanding() == 2);
	__free_page(p[0]);
	__free_page(p[2]);
	CHECK(mempool_bulk_alloc_pages(GFP_KERNEL, 5, NULL, NULL, take, &at) == 5 && at == p + 5);
	release_pages(p, 5);
	CHECK(outstanding() == 0);
}

TEST(buffers)
{
	void *buffers[40] = { &pool };

	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 40, buffers));
	for (int i = 0; i < 40; i++) {
		CHECK((uintptr_t)buffers[i] % 4096 == 0);
		memset(buffers[i], i, 4096);
	}
	for (int i = 0; i < 40; i++)
		CHECK(*(char *)buffers[i] == i);
	CHECK(outstanding() == 48);
	mempool_bulk_free_buffers(&pool, buffers, 40);
	CHECK(mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 0, NULL));
	CHECK(outstanding() == 8);
	mempool_exit(&pool);
}

TEST(buffers_that_fall_short)
{
	static void *buffers[80];
	unsigned int n = 0;

	configure(64 * 4096, 0);
	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_NOWAIT, 80, buffers));
	for (int i = 0; i < 80; i++)
		n += buffers[i] != NULL;
	CHECK(n + (unsigned int)pool.curr_nr == 64);
	mempool_bulk_free_buffers(&pool, buffers, 80);
	CHECK(pool.curr_nr == 8 && outstanding() == 8);
	mempool_exit(&pool);
}

static void on_run(struct page *first, unsigned int nr, void *data)
{
	unsigned int *total = data;

	CHECK(nr > 0);
	memset(page_address(first), 1, nr * PAGE_SIZE);
	*total += nr;
	for (unsigned int i = 0; i < nr; i++)
		mempool_free(first + i, &pool);
}

static void count_run(struct page *first, unsigned int nr, void *data)
{
	++*(int *)data;
	on_run(first, nr, (unsigned int[1]){ 0 });
}

TEST(runs_of_neighbours)
{
	unsigned int total = 0;
	int runs = 0;

	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 256, count_run, &runs) && runs >= 1 && runs < 32);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 300, on_run, &total) && total == 300);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 0, on_run, &total) && total == 300);
	CHECK(mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 0, NULL, NULL) && pool.curr_nr == 8);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(refill)
{
	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	CHECK(mempool_bulk_refill(&pool, GFP_KERNEL) == 0);
	for (int i = 0; i < 3; i++)
		free_page((unsigned long)page_address(mempool_alloc_preallocated(&pool)));
	CHECK(mempool_bulk_refill(&pool, GFP_NOWAIT) == 3 && pool.curr_nr == 8);
	mempool_exit(&pool);
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	free(mempool_alloc_preallocated(&pool));
	free(mempool_alloc_preallocated(&pool));
	c.fail_after = 1;
	c.allow = 3;
	CHECK(mempool_bulk_refill(&pool, GFP_NOIO) == 1 && c.masks[2] == GFP_NOIO && pool.curr_nr == 1);
	mempool_exit(&pool);
}

TEST(buffers_and_runs_need_pages)
{
	void *buffers[2];
	unsigned int total = 0;
	struct page *p = alloc_page(GFP_KERNEL);

	catch_reports();
	CHECK(mempool_init(&pool, 2, counter_alloc, counter_free, &c) == 0);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 2, buffers) && warns == 1);
	CHECK(!mempool_bulk_alloc_buffers(&pool, GFP_KERNEL, 2, buffers) && warns == 1);
	CHECK(!mempool_bulk_alloc_runs(&pool, GFP_KERNEL, 2, on_run, &total) && total == 0);
	free(mempool_alloc_preallocated(&pool));
	buffers[0] = page_address(p);
	mempool_bulk_free_buffers(&pool, buffers, 1);
	CHECK(pool.curr_nr == 1 && page_count(p) == 1 && bugs == 0);
	__free_page(p);
	mempool_exit(&pool);
}

TEST(configure_and_environment)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	catch_reports();
	setenv("MEMPOOL_BULK_LIMIT", "4M", 1);
	setenv("MEMPOOL_BULK_PREALLOC", "lots", 1);
	CHECK(mempool_bulk_configure(NULL) == -EINVAL);
	config.flags = 1u << 30;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.flags = 0;
	config.node = 4000;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.node = -1;
	config.limit_bytes = 1 << 20;
	config.prealloc_bytes = 1 << 21;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.prealloc_bytes = 0;
	config.struct_size = 3;
	CHECK(mempool_bulk_configure(&config) == -EINVAL);
	config.struct_size = sizeof(config);
	CHECK(mempool_bulk_configure(&config) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(mempool_bulk_configure(&config) == -EBUSY);
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_limit == 1024 && warns == 1 && strstr(last_report, "MEMPOOL_BULK_PREALLOC"));
	CHECK(strcmp(mempool_bulk_version(), PACKAGE_VERSION) == 0);
}

TEST(configure_with_structures_of_other_versions)
{
	struct {
		struct mempool_bulk_config known;
		uint64_t unknown;
	} young = { .known = { .struct_size = sizeof(young), .limit_bytes = 1 << 20, .node = -1 }, .unknown = 1 };
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	struct mempool_bulk_config old = { .struct_size = 2 * sizeof(size_t), .limit_bytes = 1 << 21, .flags = ~0u };

	CHECK(mempool_bulk_configure(&young.known) == -E2BIG);
	young.unknown = 0;
	CHECK(mempool_bulk_configure(&young.known) == 0);
	CHECK(mempool_bulk_configure(&old) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_limit == 512);
}

TEST(environment_overrides)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	struct iovec region;

	configure(1 << 20, 0);
	setenv("MEMPOOL_BULK_LIMIT", "8M", 1);
	setenv("MEMPOOL_BULK_PREALLOC", "6M", 1);
	setenv("MEMPOOL_BULK_HUGEPAGES", "1", 1);
	__free_page(alloc_page(GFP_KERNEL));
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_limit == 2048 && s.pages_committed == 1536);
	CHECK(mempool_bulk_regions(&region, 1) == 1 && region.iov_len == 6 << 20);
}

TEST_MAIN()
