/* What the system allows: address space limits and memory cgroups end in a clean failure, and a pool's
 * reserve goes on answering. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static mempool_t pool;

/* Takes pages until there are no more; the pool still gives its own, and everything can be touched. */
static unsigned long exhaust(void)
{
	struct page *hoard = NULL, *page;
	unsigned long n = 0;

	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	while ((page = alloc_page(GFP_KERNEL | __GFP_NOWARN))) {
		memset(page_address(page), 0x55, PAGE_SIZE);
		*(struct page **)page_address(page) = hoard;
		hoard = page;
		n++;
	}
	for (int i = 0; i < 1000; i++) {
		struct page *p[16] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 16, p));
		memset(page_address(p[15]), 1, PAGE_SIZE);
		mempool_bulk_free_pages(&pool, p, 16);
	}
	while ((page = hoard)) {
		hoard = *(struct page **)page_address(page);
		__free_page(page);
	}
	mempool_exit(&pool);
	check_conserved();
	return n;
}

TEST(address_space_limit)
{
	struct rlimit limit = { 256 << 20, 256 << 20 };
	unsigned long n;

	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	n = exhaust();
	CHECK(n > 1000 && n < (256 << 20) / 4096);
}

TEST(data_limit)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };
	unsigned long n;

	configure(1ull << 30, 0);
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	n = exhaust();
	CHECK(n > 1000 && n < (64 << 20) / 4096);
}

/* Memory that was given back comes again only as far as the system has it then. */
TEST(data_limit_after_a_trim)
{
	static struct page *p[16 << 9];
	struct rlimit limit, low;
	struct page *page;

	configure(1ull << 30, 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 16 << 9, p) == 16 << 9);
	release_pages(p, 16 << 9);
	CHECK(mempool_bulk_trim(4 << 20) >= 20ull << 20);
	CHECK(getrlimit(RLIMIT_DATA, &limit) == 0);
	low = limit;
	low.rlim_cur = 1 << 20;
	CHECK(setrlimit(RLIMIT_DATA, &low) == 0);
	memset(p, 0, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 16 << 9, p) < 4 << 9);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	check_conserved();
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	CHECK((page = alloc_page(GFP_KERNEL)));
	__free_page(page);
	for (int i = 0; i < 16 << 9; i++)
		if (p[i])
			__free_page(p[i]);
	CHECK(outstanding() == 0);
	check_conserved();
}

/* Locked memory may not be had: then none is committed, and what is there goes on. */
TEST(locked_memory_limit)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = 64 << 20, .node = -1, .flags = MEMPOOL_BULK_MLOCK };
	struct rlimit limit = { 6 << 20, 6 << 20 };
	unsigned long n;

	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	if (geteuid() == 0 && setuid(65534) != 0) /* the limit is none for root */
		exit(77);
	CHECK(mempool_bulk_configure(&config) == 0);
	catch_reports();
	n = exhaust();
	CHECK(n > 500 && n <= (6 << 20) / 4096 && bugs == 0);
}

/* The machine promises no more memory than it has. Its setting is for all, so it is not changed here. */
TEST(strict_overcommit)
{
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "r");
	int mode = 0;

	CHECK(file && fscanf(file, "%d", &mode) == 1 && fclose(file) == 0);
	if (mode != 2)
		exit(77);
	configure(1ull << 50, 0);
	CHECK(exhaust() > 100);
}

static void *take_one(void *arg)
{
	(void)arg;
	return mempool_alloc(&pool, GFP_KERNEL);
}

TEST(a_page_freed_to_the_allocator_wakes_a_sleeper)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };
	struct page *p[256], *mine;
	unsigned int n = 0;
	long start = now_ms();
	pthread_t t;
	void *got;

	configure(256 * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 1, NULL, NULL, NULL) == 0);
	mine = mempool_alloc_preallocated(&pool);
	while ((p[n] = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		n++;
	CHECK(pthread_create(&t, NULL, take_one, NULL) == 0);
	while (s.waits == 0) {
		nap_ms(1);
		mempool_bulk_get_pool_stats(&pool, &s);
	}
	release_pages(p, (int)n);
	pthread_join(t, &got);
	CHECK(got && now_ms() - start < 30000);
	mempool_free(mine, &pool);
	mempool_free(got, &pool);
	mempool_exit(&pool);
}

static bool write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return ok;
}

static const char *const groups[][2] = {
	{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
	{ "/sys/fs/cgroup", "memory.max" },
};

static char mine[128]; /* this process's own group, "" for none */

static void leave_group(void)
{
	char parent[256];

	snprintf(parent, sizeof(parent), "%s/..", mine);
	if (write_file(parent, "cgroup.procs", "0"))
		rmdir(mine);
}

/* Puts the process into a group of its own that may have 96 MiB; skips where that can't be done. */
static void join_group(void)
{
	for (int i = 0; i < 2 && !mine[0]; i++) {
		snprintf(mine, sizeof(mine), "%s/mempool_bulk_test.%d", groups[i][0], (int)getpid());
		if (mkdir(mine, 0755) == 0 && write_file(mine, groups[i][1], "100663296") && write_file(mine, "cgroup.procs", "0"))
			break;
		rmdir(mine);
		mine[0] = '\0';
	}
	if (!mine[0])
		exit(77); /* no memory controller to write to */
	atexit(leave_group);
	configure(1ull << 30, 0);
}

TEST(memory_cgroup)
{
	unsigned long n;

	join_group();
	n = exhaust();
	CHECK(n > 1000 && n < 100663296 / 4096);
}

/* Without files to ask there is no commit while the group had a limit: a commit too far would be the end. */
TEST(memory_cgroup_without_files)
{
	struct rlimit limit;
	struct page *page;
	unsigned long n;

	join_group();
	CHECK((page = alloc_page(GFP_KERNEL)) && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (n = 0; alloc_page(GFP_KERNEL | __GFP_NOWARN); n++)
		CHECK(n < 100663296 / 4096);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(alloc_page(GFP_KERNEL));
}

/* What another process of the group has is not ours to commit. */
TEST(memory_cgroup_with_a_neighbour)
{
	enum { OTHERS = 40 << 20 };
	unsigned long n;
	pid_t neighbour;
	int fd[2], status;
	char there;

	join_group();
	CHECK(pipe(fd) == 0 && (neighbour = fork()) >= 0);
	if (neighbour == 0) {
		void *others = mmap(NULL, OTHERS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (others == MAP_FAILED || write(fd[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK(read(fd[0], &there, 1) == 1);
	n = exhaust();
	CHECK(n > 1000 && n < (100663296 - OTHERS) / 4096);
	CHECK(kill(neighbour, SIGTERM) == 0 && waitpid(neighbour, &status, 0) == neighbour && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* What a trim gives back others of the group may use, and then it does not come again. */
TEST(memory_cgroup_after_a_trim)
{
	static struct page *p[32 << 9];
	enum { OTHERS = 72 << 20 };
	void *others;

	join_group();
	CHECK(alloc_pages_bulk(GFP_KERNEL, 32 << 9, p) == 32 << 9);
	release_pages(p, 32 << 9);
	CHECK(mempool_bulk_trim(4 << 20) >= 52u << 20);
	others = mmap(NULL, OTHERS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(others != MAP_FAILED);
	memset(p, 0, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 32 << 9, p) < 16 << 9);
	munmap(others, OTHERS);
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 32 << 9, p) == 32 << 9);
	release_pages(p, 32 << 9);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
