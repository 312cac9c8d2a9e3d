/* The system gives nothing any more after the start: no mapping, no protection, no page, no piece of the heap, no
 * file. A pool that exists is not disturbed, and frees reach it. This program's functions stand before the
 * C library's. */
#include "check.h"
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static mempool_t pool;
static struct counter c;
static atomic_bool refuse;
static atomic_int refused;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_memalign(size_t align, size_t n);

static bool no(void)
{
	if (refuse) {
		refused++;
		errno = ENOMEM;
	}
	return refuse;
}

void *malloc(size_t n) { return no() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return no() ? NULL : __libc_calloc(n, size); }
void *aligned_alloc(size_t align, size_t n) { return no() ? NULL : __libc_memalign(align, n); }
void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) { return no() ? MAP_FAILED : (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset); }
int mprotect(void *at, size_t n, int prot) { return no() ? -1 : (int)syscall(SYS_mprotect, at, n, prot); }
int madvise(void *at, size_t n, int advice) { return no() ? -1 : (int)syscall(SYS_madvise, at, n, advice); }

int open(const char *path, int flags, ...)
{
	va_list more;
	int mode;

	va_start(more, flags);
	mode = va_arg(more, int);
	va_end(more);
	return no() ? -1 : (int)syscall(SYS_openat, -100, path, flags, mode);
}

/* Valgrind brings its own functions, then there is nothing to test here. */
static void need_our_functions(void)
{
	void *(*volatile function)(size_t) = malloc;
	void *volatile p;

	refuse = true;
	p = function(16);
	refuse = false;
	if (p) {
		free(p);
		exit(77);
	}
	refused = 0;
}

/* All pages there are, and then those of the reserve, over and over, also while others want more. */
TEST(a_pool_of_pages_goes_on)
{
	static struct page *hoard[1 << 16];
	struct page *p[16];
	unsigned int n = 0;

	need_our_functions();
	configure(1 << 28, 10);
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	refuse = true;
	while ((hoard[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		n++;
	CHECK(refused > 0 && n < 1 << 15);
	for (int i = 0; i < 2000; i++) {
		memset(p, 0, sizeof(p));
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 16, p) && pool.curr_nr == 0);
		for (int k = 0; k < 16; k++)
			memset(page_address(p[k]), k, PAGE_SIZE);
		CHECK(!mempool_alloc(&pool, GFP_NOWAIT) && !alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
		mempool_bulk_free_pages(&pool, p, 16);
	}
	release_pages(hoard, (int)n);
	check_conserved();
	refuse = false;
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(pools_of_other_elements_go_on)
{
	void *e[8];

	need_our_functions();
	CHECK(mempool_init_kmalloc_pool(&pool, 8, 100) == 0);
	refuse = true;
	for (int i = 0; i < 1000; i++) {
		for (int k = 0; k < 8; k++)
			CHECK((e[k] = mempool_alloc(&pool, GFP_KERNEL)));
		CHECK(!mempool_alloc(&pool, GFP_NOWAIT));
		for (int k = 0; k < 8; k++)
			mempool_free(e[k], &pool);
		CHECK(pool.curr_nr == 8);
	}
	CHECK(refused >= 8000);
	CHECK(mempool_resize(&pool, 16) == -ENOMEM && pool.min_nr == 8 && pool.curr_nr == 8);
	CHECK(mempool_resize(&pool, 4) == 0 && pool.curr_nr == 4);
	CHECK(!mempool_create_kmalloc_pool(2, 100) && !kmem_cache_create("none", 10, 0, 0, NULL));
	refuse = false;
	mempool_exit(&pool);
}

static void *borrow(void *arg)
{
	struct page *p[8] = { NULL };

	for (int i = 0; i < 300; i++) {
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 8, p));
		memset(page_address(p[7]), i, 64);
		mempool_bulk_free_pages(&pool, p, 8);
		memset(p, 0, sizeof(p));
	}
	return arg;
}

/* Threads that share one reserve, all else being gone: each gets its share in turn. */
TEST(threads_share_what_the_reserve_has)
{
	static struct page *hoard[1 << 16];
	unsigned int n = 0;
	pthread_t t[3];

	need_our_functions();
	configure(1 << 26, 10);
	CHECK(mempool_init_pages_bulk(&pool, 16, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, borrow, NULL) == 0);
	refuse = true;
	while ((hoard[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		n++;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	refuse = false;
	release_pages(hoard, (int)n);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

/* What the system refuses to say about limits is no reason to commit into the dark: without any limit it is. */
TEST(nothing_at_all_from_the_start)
{
	need_our_functions();
	catch_reports();
	refuse = true;
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == -ENOMEM);
	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &c) == -ENOMEM && bugs == 0);
	refuse = false;
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == 0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0 && bugs == 0);
	check_conserved();
}

TEST_MAIN()
