/* This library, in the forms it can be asked in: -DGET=... -DPUT=... pick one of each. What the caller
 * must do is part of it: the forms that fill only NULL slots need a cleared array, every time.
 * -DWRITE_MEM_MAP: a program that writes to the struct page of each page (memory workloads). */
#include <mempool_bulk.h>

#include "bench.h"

enum { RESERVE = 64 };

static mempool_t pool;

static void contender_init(struct need need)
{
	(void)need;
	if (mempool_init_pages_bulk(&pool, RESERVE, NULL, NULL, NULL) != 0)
		die("mempool_init_pages_bulk");
}

static void contender_thread_init(void)
{
}

static void contender_thread_exit(void)
{
}

static ALWAYS_INLINE struct page **as_pages(void **p)
{
	return (struct page **)p;
}

/* By the C library: a constant size is cleared by gcc with "rep stos", which takes longer to start than
 * some of what is measured here. */
static ALWAYS_INLINE void clear(void **p, unsigned int n)
{
	size_t bytes = n * sizeof(*p);

	if (n > 8)
		__asm__("" : "+r"(bytes));
	memset(p, 0, bytes);
}

static ALWAYS_INLINE void get_array(void **p, unsigned int n, gfp_t gfp)
{
	clear(p, n);
	must(mempool_alloc_pages_bulk_array(&pool, gfp, n, as_pages(p)));
}

/* mempool_alloc_bulk() of 7.2 overwrites the array, so nothing is cleared; it has no mask. */
static ALWAYS_INLINE void get_fresh(void **p, unsigned int n, gfp_t gfp)
{
	must(gfp == GFP_KERNEL && mempool_alloc_bulk(&pool, p, n) == 0);
}

struct collector {
	void **next;
};

static void add_page(struct page *page, void *data)
{
	struct collector *c = data;

	*c->next++ = page;
}

static ALWAYS_INLINE void get_callback(void **p, unsigned int n, gfp_t gfp)
{
	struct collector c = { p };

	must(mempool_alloc_pages_bulk_cb(&pool, gfp, n, add_page, &c));
}

static void add_run(struct page *first, unsigned int nr, void *data)
{
	struct collector *c = data;

	for (unsigned int i = 0; i < nr; i++)
		*c->next++ = first + i;
}

static ALWAYS_INLINE void get_runs(void **p, unsigned int n, gfp_t gfp)
{
	struct collector c = { p };

	must(mempool_bulk_alloc_runs(&pool, gfp, n, add_run, &c));
}

/* No pool: the page allocator itself. */
static ALWAYS_INLINE void get_pages(void **p, unsigned int n, gfp_t gfp)
{
	clear(p, n);
	must(alloc_pages_bulk(gfp, n, as_pages(p)) == n);
}

static ALWAYS_INLINE void get_page_single(void **p, unsigned int n, gfp_t gfp)
{
	for (unsigned int i = 0; i < n; i++) {
		p[i] = alloc_page(gfp);
		must(p[i] != NULL);
	}
}

static ALWAYS_INLINE void get_element(void **p, unsigned int n, gfp_t gfp)
{
	for (unsigned int i = 0; i < n; i++) {
		p[i] = mempool_alloc(&pool, gfp);
		must(p[i] != NULL);
	}
}

static ALWAYS_INLINE void put_bulk(void **p, unsigned int n)
{
	mempool_bulk_free_pages(&pool, as_pages(p), n);
}

/* As code for 7.2 frees: the reserve takes what it lacks, the allocator the rest. */
static ALWAYS_INLINE void put_in_two(void **p, unsigned int n)
{
	unsigned int taken = mempool_free_bulk(&pool, p, n);

	release_pages(as_pages(p) + taken, (int)(n - taken));
}

static ALWAYS_INLINE void put_release(void **p, unsigned int n)
{
	release_pages(as_pages(p), (int)n);
}

static ALWAYS_INLINE void put_page_single(void **p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__free_page(p[i]);
}

static ALWAYS_INLINE void put_element(void **p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		mempool_free(p[i], &pool);
}

static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	GET(p, n, GFP_KERNEL);
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	GET(p, n, GFP_KERNEL | __GFP_ZERO);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	PUT(p, n);
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
#ifdef WRITE_MEM_MAP
	set_page_private(p[i], 1); /* the page's struct page too is in use */
#endif
	return page_address(p[i]);
}

#include "main.h"
