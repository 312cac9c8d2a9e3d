/* Shared memory when the system gives none, or not that way: this program's own madvise(), mlock(), mprotect() and
 * fallocate() stand before the C library's. */
#define _GNU_SOURCE
#include "memfd.h"
#include <sys/syscall.h>

enum { POPULATE_WRITE = 23 };

static int populate_error, lock_error, allocate_error, protect_error;
static atomic_int allocations, populations;
static char *start; /* of pages' memory */

/* Is this the memory of pages, not of what describes them? */
static bool holds_pages(const void *addr)
{
	return (char *)addr >= start && (char *)addr < start + LIMIT * 4096;
}

int madvise(void *addr, size_t len, int advice)
{
	if (advice == POPULATE_WRITE && populate_error == EINVAL) {
		errno = EINVAL;
		return -1;
	}
	if (advice == POPULATE_WRITE && populate_error && holds_pages(addr)) {
		populations++;
		syscall(SYS_madvise, addr, len / 2, advice); /* half of it is there then */
		errno = populate_error;
		return -1;
	}
	return (int)syscall(SYS_madvise, addr, len, advice);
}

int mlock(const void *addr, size_t len)
{
	errno = lock_error;
	return lock_error ? -1 : (int)syscall(SYS_mlock, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	errno = protect_error;
	return protect_error && prot != PROT_NONE && holds_pages(addr) ? -1 : (int)syscall(SYS_mprotect, addr, len, prot);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	allocations++;
	errno = allocate_error;
	return allocate_error ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, len);
}

static struct page *p[LIMIT];

static uint64_t file_bytes(void)
{
	struct stat st;

	CHECK(fstat(mempool_bulk_memfd(), &st) == 0);
	return (uint64_t)st.st_blocks * 512;
}

static uint64_t committed(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return s.pages_committed * 4096;
}

/* As many as there are, each touched. */
static int take_all(void)
{
	int n = 0;

	while (n < LIMIT && (p[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC)))
		memset(page_address(p[n++]), 0x55, PAGE_SIZE);
	return n;
}

/* No more is had while `error` lasts, nothing stays behind, and then there is more again. */
static void is_a_clean_failure(int *error, int value)
{
	uint64_t before;
	int n;

	__free_page(alloc_page(GFP_KERNEL));
	start = memory_start();
	before = committed();
	*error = value;
	n = take_all();
	CHECK(n > 0 && n == (int)(before / 4096) && committed() == before && file_bytes() == before);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	*error = 0;
	CHECK((p[n] = alloc_page(GFP_KERNEL)) && committed() > before && file_bytes() == committed());
	release_pages(p, n + 1);
	CHECK(outstanding() == 0);
	check_conserved();
}

/* That is what a write to a page for which there is no memory would be: a SIGBUS. */
TEST(memory_that_can_t_be_had)
{
	configure_memfd(LIMIT, 0);
	is_a_clean_failure(&populate_error, EFAULT);
	is_a_clean_failure(&populate_error, ENOMEM);
	CHECK(populations > 0 && allocations == 0);
}

TEST(memory_that_can_t_be_touched)
{
	configure_memfd(LIMIT, 0);
	is_a_clean_failure(&protect_error, ENOMEM);
}

TEST(memory_that_can_t_be_locked)
{
	struct page *page;

	if (syscall(SYS_mlock, p, sizeof(p)) != 0)
		exit(77);
	catch_reports();
	configure_memfd(LIMIT, MEMPOOL_BULK_MLOCK);
	is_a_clean_failure(&lock_error, ENOMEM);
	CHECK(warns == 1 && strstr(last_report, "RLIMIT_MEMLOCK") && (page = alloc_page(GFP_KERNEL)));
	__free_page(page);
}

/* A system that can't be asked to populate is asked for the file's memory, before a page is touched. */
TEST(without_population)
{
	populate_error = EINVAL;
	configure_memfd(LIMIT, 0);
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(allocations > 0 && file_bytes() == committed());
	is_a_clean_failure(&allocate_error, ENOSPC);
	CHECK(take_all() == LIMIT && file_bytes() == LIMIT * 4096);
	release_pages(p, LIMIT);
	CHECK(mempool_bulk_trim(0) > 0 && file_bytes() == committed());
}

TEST_MAIN()
