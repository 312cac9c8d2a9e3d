/* mempool_bulk_trim(): what goes back to the system, what stays, and that it comes again. */
#include "check.h"
#include <sys/mman.h>
#include <sys/uio.h>

enum { CHUNK = 512, LIMIT = 32 * CHUNK, EMERGENCY = LIMIT / 128 };
static const uint64_t CHUNK_BYTES = CHUNK * 4096;

static struct page *p[LIMIT];

static struct mempool_bulk_stats stats(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return s;
}

/* Takes n pages and writes their numbers on them. */
static void take(unsigned int n)
{
	memset(p, 0, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, n, p) == n);
	for (unsigned int i = 0; i < n; i++)
		memset(page_address(p[i]), (int)(page_to_pfn(p[i]) % 251 + 1), PAGE_SIZE);
}

static void give(unsigned int from, unsigned int n)
{
	release_pages(p + from, (int)n);
	memset(p + from, 0, n * sizeof(*p));
}

/* Gives back those of n chunks that are held, except the page `but`. */
static void give_chunks(unsigned long first, unsigned long n, unsigned long but)
{
	for (int i = 0; i < LIMIT; i++) {
		unsigned long pfn = p[i] ? page_to_pfn(p[i]) : LIMIT;

		if (pfn >= first * CHUNK && pfn < (first + n) * CHUNK && pfn != but) {
			__free_page(p[i]);
			p[i] = NULL;
		}
	}
}

static long resident_pages(void)
{
	long size, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%ld %ld", &size, &resident) == 2);
	fclose(f);
	return resident;
}

TEST(before_any_use)
{
	CHECK(mempool_bulk_trim(0) == 0 && mempool_bulk_trim(UINT64_MAX) == 0 && stats().pages_limit == 0);
}

TEST(free_memory_goes_back_and_comes_again)
{
	long before;
	uint64_t given;

	configure(LIMIT * 4096ull, 0);
	for (int round = 0; round < 3; round++) {
		take(10 * CHUNK);
		before = resident_pages();
		give(0, 10 * CHUNK);
		CHECK(mempool_bulk_trim(UINT64_MAX) == 0 && stats().pages_committed >= 10 * CHUNK);
		given = mempool_bulk_trim(0);
		CHECK(given >= 9 * CHUNK_BYTES && given % CHUNK_BYTES == 0);
		CHECK(under_valgrind() || before - resident_pages() > (long)(given / 4096) - CHUNK);
		CHECK(stats().pages_free >= EMERGENCY && stats().pages_free < EMERGENCY + CHUNK);
		CHECK(mempool_bulk_trim(0) == 0 && stats().pages_outstanding == 0);
		check_conserved();
	}
	CHECK(stats().decommits >= 27 && stats().commits >= stats().decommits);
}

/* What was dirty is zero again without anybody's clearing it, and is known to be. */
TEST(memory_that_comes_again_is_zero)
{
	static const char zeros[4096];

	configure(LIMIT * 4096ull, 0);
	take(10 * CHUNK);
	give(0, 10 * CHUNK);
	CHECK(mempool_bulk_trim(0) > 0);
	for (unsigned int i = 0; i < 10 * CHUNK; i++) {
		p[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		CHECK(p[i] && memcmp(page_address(p[i]), zeros, 4096) == 0 && page_count(p[i]) == 1);
	}
	give(0, 10 * CHUNK);
}

TEST(as_much_as_asked_stays_free)
{
	configure(LIMIT * 4096ull, 0);
	for (unsigned int keep = 0; keep < 8 * CHUNK; keep += CHUNK / 2 + 7) {
		uint64_t free;

		take(10 * CHUNK);
		give(0, 10 * CHUNK);
		CHECK(mempool_bulk_trim(keep ? keep * 4096ull - 4095 : 0) > 0);
		free = stats().pages_free + stats().pages_cached;
		CHECK(free >= keep + EMERGENCY && free < keep + EMERGENCY + CHUNK);
		CHECK(keep == 0 || alloc_pages_bulk(GFP_NOWAIT, keep, p) == keep);
		give(0, keep);
	}
	check_conserved();
}

TEST(preallocated_memory_stays)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	struct iovec before, after;

	config.limit_bytes = LIMIT * 4096ull;
	config.prealloc_bytes = 6 * CHUNK_BYTES - 4096;
	CHECK(mempool_bulk_configure(&config) == 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(mempool_bulk_regions(&before, 1) == 1);
	CHECK(mempool_bulk_trim(0) == 0 && stats().pages_committed == 6 * CHUNK);
	take(10 * CHUNK);
	give(0, 10 * CHUNK);
	CHECK(stats().pages_committed == 11 * CHUNK); /* some are emergency pages */
	CHECK(mempool_bulk_trim(0) == 5 * CHUNK_BYTES && stats().pages_committed == 6 * CHUNK);
	CHECK(mempool_bulk_regions(&after, 1) == 1 && after.iov_base == before.iov_base && after.iov_len == 6 * CHUNK_BYTES);
	CHECK(mempool_bulk_trim(0) == 0);
}

/* One page keeps its chunk; all others may go, and the regions say which. */
TEST(what_is_in_use_stays_and_regions_have_gaps)
{
	static const unsigned long held[] = { 5 * CHUNK - 1, 8 * CHUNK };
	struct iovec r[8], one = { NULL, 0 };
	uint64_t sum = 0;

	configure(LIMIT * 4096ull, 0);
	take(LIMIT - EMERGENCY);
	give_chunks(0, 6, held[0]);
	give_chunks(6, LIMIT / CHUNK - 6, held[1]);
	CHECK(mempool_bulk_trim(0) == (LIMIT / CHUNK - 2) * CHUNK_BYTES);
	CHECK(mempool_bulk_regions(NULL, 0) == 2 && mempool_bulk_regions(NULL, 8) == 2 && mempool_bulk_regions(r, -1) == 2);
	CHECK(mempool_bulk_regions(&one, 1) == 2 && mempool_bulk_regions(r, 8) == 2 && r[0].iov_base == one.iov_base);
	for (int i = 0; i < 2; i++) {
		char *at = page_address(pfn_to_page(held[i])), *start = r[i].iov_base;

		CHECK(at >= start && at + 4096 <= start + r[i].iov_len && r[i].iov_len == CHUNK_BYTES);
		CHECK((unsigned char)at[0] == held[i] % 251 + 1 && at[0] == at[4095]);
		sum += r[i].iov_len;
	}
	CHECK((char *)r[0].iov_base + r[0].iov_len < (char *)r[1].iov_base && sum == stats().pages_committed * 4096);
	check_conserved();
	give_chunks(0, LIMIT / CHUNK, LIMIT);
	CHECK(stats().pages_outstanding == 0);
}

/* A chunk that was half of a block of the highest order, and blocks of that order from two that came again. */
TEST(blocks_of_the_highest_order)
{
	struct page *block[LIMIT / 1024];
	unsigned int n = 0;

	configure(LIMIT * 4096ull, 0);
	while (n < LIMIT / 1024 && (block[n] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 10)))
		n++;
	CHECK(n == LIMIT / 1024 - 1); /* the emergency pages are in one */
	for (unsigned int i = 0; i < n; i++)
		__free_pages(block[i], 10);
	CHECK(mempool_bulk_trim(3 * CHUNK_BYTES) % CHUNK_BYTES == 0 && stats().pages_free == 4 * CHUNK);
	CHECK(mempool_bulk_trim(2 * CHUNK_BYTES) == CHUNK_BYTES && stats().pages_free == 3 * CHUNK);
	for (unsigned int i = 0; i < n; i++) {
		CHECK((block[i] = alloc_pages(GFP_KERNEL, 10)));
		memset(page_address(block[i]), 7, PAGE_SIZE << 10);
	}
	for (unsigned int i = 0; i < n; i++)
		__free_pages(block[i], 10);
	check_conserved();
}

/* The limit is what it was, to the page; what may not sleep finds what was left. */
TEST(the_limit_holds_after_a_trim)
{
	configure(LIMIT * 4096ull, 0);
	take(LIMIT - EMERGENCY);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	give(0, LIMIT - EMERGENCY);
	CHECK(mempool_bulk_trim(0) == LIMIT * 4096ull - CHUNK_BYTES);
	CHECK(alloc_pages_bulk(GFP_NOWAIT | __GFP_NOWARN, CHUNK, p) == CHUNK - EMERGENCY);
	give(0, CHUNK - EMERGENCY);
	take(LIMIT - EMERGENCY);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && stats().pages_committed == LIMIT);
	give(0, LIMIT - EMERGENCY);
	check_conserved();
}

/* Whatever is done with a page whose memory is gone, is a BUG report and no crash. */
TEST(a_page_without_memory_is_nobodys)
{
	struct page *gone, *two[2];

	configure(LIMIT * 4096ull, 0);
	take(4 * CHUNK);
	give(0, 4 * CHUNK);
	gone = two[0] = two[1] = pfn_to_page(4 * CHUNK - 1);
	CHECK(mempool_bulk_trim(0) == 4 * CHUNK_BYTES);
	catch_reports();
	__free_page(gone);
	CHECK(bugs == 1 && strstr(last_report, "freed twice"));
	put_page(gone);
	__free_pages(gone - 3, 2);
	free_page((unsigned long)(uintptr_t)page_address(gone));
	get_page(gone);
	CHECK(bugs == 5 && page_count(gone) == 0);
	release_pages(two, 2);
	CHECK(bugs == 7);
	mempool_bulk_free_page(gone, NULL);
	set_page_private(gone, 5);
	CHECK(bugs == 9 && page_private(gone) == 0);
	take(LIMIT - EMERGENCY);
	CHECK(bugs == 9 && warns == 0);
	give(0, LIMIT - EMERGENCY);
	check_conserved();
}

static void *want_a_block(void *arg)
{
	*(struct page **)arg = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 10);
	return NULL;
}

/* Somebody who sleeps for pages may want just these. */
TEST(nothing_is_taken_while_anybody_sleeps)
{
	struct page *block = NULL;
	pthread_t t;

	configure(LIMIT * 4096ull, NO_RETRY);
	take(LIMIT - EMERGENCY);
	for (unsigned int c = 0; c < LIMIT / CHUNK; c += 2) /* every second chunk is free, so no block of two */
		give_chunks(c, 1, LIMIT);
	CHECK(pthread_create(&t, NULL, want_a_block, &block) == 0);
	nap_ms(100);
	CHECK(mempool_bulk_trim(0) == 0 && !block);
	give_chunks(5, 1, LIMIT);
	pthread_join(t, NULL);
	CHECK(block);
	__free_pages(block, 10);
	CHECK(mempool_bulk_trim(0) > 0);
	check_conserved();
}

/* A process has only so many mappings, and a gap in the middle makes more. */
TEST(the_system_takes_nothing_back)
{
	static const char zeros[4096];
	size_t n = 0, most = 200000;
	char *wall = mmap(NULL, most * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (under_valgrind())
		exit(77); /* it can't count as many mappings as this makes */
	configure(LIMIT * 4096ull, 0);
	take(LIMIT - EMERGENCY);
	give_chunks(4, 8, LIMIT);
	CHECK(wall != MAP_FAILED);
	while (n < most && mprotect(wall + n * 4096, 4096, PROT_READ) == 0)
		n += 2;
	if (n >= most)
		exit(77); /* no limit to be met */
	CHECK(mempool_bulk_trim(0) == 0 && stats().decommits == 0);
	CHECK(stats().pages_committed == LIMIT && stats().pages_free + stats().pages_cached == 8 * CHUNK + EMERGENCY);
	check_conserved();
	for (int i = 0; i < LIMIT; i++)
		if (!p[i] && (p[i] = alloc_page(GFP_NOWAIT | __GFP_ZERO | __GFP_NOWARN)))
			CHECK(memcmp(page_address(p[i]), zeros, 4096) == 0);
	CHECK(stats().pages_outstanding == LIMIT - EMERGENCY);
	CHECK(munmap(wall, most * 4096) == 0);
	give_chunks(4, 8, LIMIT);
	CHECK(mempool_bulk_trim(0) >= 7 * CHUNK_BYTES);
	check_conserved();
}

static long locked_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

TEST(locked_memory_goes_back_and_is_locked_again)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };
	long before;

	config.limit_bytes = LIMIT * 4096ull;
	config.flags = MEMPOOL_BULK_MLOCK;
	CHECK(mempool_bulk_configure(&config) == 0);
	catch_reports();
	memset(p, 0, sizeof(p));
	if (alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 6 * CHUNK, p) < 6 * CHUNK || locked_kib() < 6 * 2048)
		exit(77); /* RLIMIT_MEMLOCK */
	before = locked_kib();
	give(0, 6 * CHUNK);
	CHECK(mempool_bulk_trim(0) >= 5 * CHUNK_BYTES && locked_kib() <= before - 5 * 2048);
	take(6 * CHUNK);
	CHECK(locked_kib() == before);
	give(0, 6 * CHUNK);
}

TEST_MAIN()
