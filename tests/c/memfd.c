/* MEMPOOL_BULK_MEMFD: the pages' memory is a file's: offsets, what a trim gives back, limits. */
#define _GNU_SOURCE
#include "memfd.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static struct page *p[LIMIT];

static struct mempool_bulk_stats stats(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return s;
}

static uint64_t file_bytes(void)
{
	struct stat st;

	CHECK(fstat(mempool_bulk_memfd(), &st) == 0);
	return (uint64_t)st.st_blocks * 512;
}

/* Takes n pages and writes their numbers on them. */
static void take(unsigned long n)
{
	memset(p, 0, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, n, p) == n);
	for (unsigned long i = 0; i < n; i++)
		memset(page_address(p[i]), (int)(page_to_pfn(p[i]) % 251 + 1), PAGE_SIZE);
}

TEST(without_the_flag_there_is_none)
{
	if (getenv("MEMPOOL_BULK_MEMFD"))
		exit(77);
	CHECK(mempool_bulk_memfd() == -ENOTSUP);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(mempool_bulk_memfd() == -ENOTSUP);
}

TEST(the_environment_turns_it_on)
{
	CHECK(setenv("MEMPOOL_BULK_MEMFD", "1", 1) == 0);
	CHECK(mempool_bulk_memfd() > 2 && (fcntl(mempool_bulk_memfd(), F_GETFD) & FD_CLOEXEC));
}

TEST(a_page_lies_at_its_distance_from_the_start)
{
	char *view;
	int fd;

	configure_memfd(LIMIT, 0);
	fd = mempool_bulk_memfd();
	CHECK(fd > 2);
	take(10 * CHUNK);
	view = mmap(NULL, LIMIT * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(view != MAP_FAILED);
	for (int i = 0; i < 10 * CHUNK; i++) {
		unsigned char *page = page_address(p[i]), *same = (unsigned char *)view + ((char *)page - memory_start());

		CHECK(same[0] == page_to_pfn(p[i]) % 251 + 1 && memcmp(same, page, 4096) == 0);
		same[4095] = (unsigned char)~same[4095];
		CHECK(page[4095] == same[4095] && page[4094] != page[4095]);
	}
	release_pages(p, 10 * CHUNK);
	munmap(view, LIMIT * 4096);
	check_conserved();
}

/* Whoever has the descriptor can't take memory away from under the pages. */
TEST(the_file_keeps_its_size)
{
	struct stat st;
	struct page *page;
	int fd;

	configure_memfd(LIMIT, 0);
	page = alloc_page(GFP_KERNEL);
	fd = mempool_bulk_memfd();
	CHECK(ftruncate(fd, 0) == -1 && ftruncate(fd, LIMIT * 8192) == -1);
	CHECK(fstat(fd, &st) == 0 && st.st_size == LIMIT * 4096);
	memset(page_address(page), 1, PAGE_SIZE);
	__free_page(page);
}

/* Memory is there when a page is, and only then; what was trimmed comes again at its offset, all zero. */
TEST(a_trim_gives_memory_back)
{
	static const char zeros[4096];
	uint64_t full;
	char *start, *view;

	configure_memfd(LIMIT, 0);
	for (int round = 0; round < 3; round++) {
		take(10 * CHUNK);
		start = memory_start();
		full = file_bytes();
		CHECK(full == stats().pages_committed * 4096);
		release_pages(p, 10 * CHUNK);
		CHECK(file_bytes() == full);
		CHECK(mempool_bulk_trim(0) >= 9 * CHUNK_BYTES);
		CHECK(file_bytes() == stats().pages_committed * 4096 && file_bytes() <= full - 9 * CHUNK_BYTES);
		check_conserved();
	}
	view = mmap(NULL, LIMIT * 4096, PROT_READ, MAP_SHARED, mempool_bulk_memfd(), 0);
	for (int i = 0; i < 10 * CHUNK; i++) {
		CHECK((p[i] = alloc_page(GFP_KERNEL | __GFP_ZERO)));
		CHECK(memcmp(page_address(p[i]), zeros, 4096) == 0);
		memset(page_address(p[i]), 9, 4096);
		CHECK(view[(char *)page_address(p[i]) - start] == 9 && memory_start() == start);
	}
	release_pages(p, 10 * CHUNK);
}

/* Offsets count from the start of the first region, so that does not move, whatever is free. */
TEST(the_first_region_stays)
{
	unsigned long enough = 8 * CHUNK + LIMIT / 128; /* as many as are kept back stay free in other chunks */
	uint64_t given;
	char *start;

	configure_memfd(LIMIT, 0);
	take(10 * CHUNK);
	start = memory_start();
	for (int i = 0; i < 10 * CHUNK; i++)
		if (page_to_pfn(p[i]) < enough) {
			__free_page(p[i]);
			p[i] = NULL;
		}
	given = mempool_bulk_trim(0);
	CHECK(given == 7 * CHUNK_BYTES || given == 8 * CHUNK_BYTES); /* the last chunk may have been free before */
	CHECK(mempool_bulk_regions(NULL, 0) == 2 && memory_start() == start && start == page_address(pfn_to_page(0)));
	for (int i = 0; i < 10 * CHUNK; i++)
		CHECK(!p[i] || *(unsigned char *)page_address(p[i]) == page_to_pfn(p[i]) % 251 + 1);
	release_pages(p, 10 * CHUNK);
	check_conserved();
}

/* A program that closes what it does not know may open files of its own under that number. */
TEST(a_closed_descriptor_does_no_harm)
{
	char text[8] = "";
	int fd, file;

	configure_memfd(LIMIT, 0);
	take(10 * CHUNK);
	fd = mempool_bulk_memfd();
	file = memfd_create("the program's", 0);
	CHECK(write(file, "content", 7) == 7 && ftruncate(file, LIMIT * 4096) == 0 && dup2(file, fd) == fd);
	CHECK(mempool_bulk_memfd() == -ENOTSUP);
	release_pages(p, 10 * CHUNK);
	CHECK(mempool_bulk_trim(0) >= 9 * CHUNK_BYTES);
	CHECK(pread(file, text, 7, 0) == 7 && strcmp(text, "content") == 0);
	take(10 * CHUNK);
	release_pages(p, 10 * CHUNK);
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

/* Locked memory is given back too, and locked when it comes again. */
TEST(locked_memory)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	if (geteuid() != 0 && limit.rlim_cur < LIMIT * 4096)
		exit(77);
	configure_memfd(LIMIT, MEMPOOL_BULK_MLOCK);
	for (int round = 0; round < 2; round++) {
		take(10 * CHUNK);
		CHECK(locked_kib() == (long)stats().pages_committed * 4);
		release_pages(p, 10 * CHUNK);
		CHECK(mempool_bulk_trim(0) >= 9 * CHUNK_BYTES);
		CHECK(locked_kib() == (long)stats().pages_committed * 4 && file_bytes() == stats().pages_committed * 4096);
	}
}

/* Huge pages or not is the system's choice: all else is the same. */
TEST(huge_pages)
{
	configure_memfd(LIMIT, MEMPOOL_BULK_HUGEPAGES);
	take(10 * CHUNK);
	CHECK(file_bytes() >= 10 * CHUNK_BYTES);
	release_pages(p, 10 * CHUNK);
	CHECK(mempool_bulk_trim(0) >= 9 * CHUNK_BYTES && file_bytes() == stats().pages_committed * 4096);
}

/* All that the process may have can be touched, and no more is had. */
static unsigned long exhaust(void)
{
	unsigned long n = 0;
	struct page *page;

	while (n < LIMIT && (page = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC))) {
		memset(page_address(page), 0x55, PAGE_SIZE);
		p[n++] = page;
	}
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	release_pages(p, (int)n);
	CHECK(outstanding() == 0);
	check_conserved();
	return n;
}

TEST(the_limit_is_exact)
{
	configure_memfd(1000, 0);
	CHECK(exhaust() == 1000 && stats().pages_limit == 1000);
}

/* Beyond this limit a file can't grow: that would be a signal, which the arena does not run into. */
TEST(a_limit_on_the_size_of_files)
{
	struct rlimit limit = { 1000 * 4096 + 100, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	configure_memfd(LIMIT, 0);
	CHECK(exhaust() == 1000 && mempool_bulk_memfd() > 2);
}

TEST(a_limit_on_the_size_of_files_that_comes_later)
{
	struct rlimit limit = { 4096, RLIM_INFINITY };

	configure_memfd(LIMIT, 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(exhaust() == LIMIT);
	CHECK(mempool_bulk_trim(0) > 0 && exhaust() == LIMIT);
}

/* Without the file memory is private, which is said. */
static void is_private(void)
{
	struct page *page;

	catch_reports();
	configure_memfd(LIMIT, 0);
	page = alloc_page(GFP_KERNEL);
	CHECK(page && warns == 1 && strstr(last_report, "MEMPOOL_BULK_MEMFD") && mempool_bulk_memfd() == -ENOTSUP);
	__free_page(page);
	take(1000);
	release_pages(p, 1000);
}

TEST(no_descriptor_is_left)
{
	struct rlimit limit = { 3, 3 };

	if (under_valgrind())
		exit(77); /* it has descriptors of its own */
	close(3);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	is_private();
}

TEST(no_files_may_be_written)
{
	struct rlimit limit = { 100, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	is_private();
}

TEST_MAIN()
