/* malloc and its peers: a page is an aligned block. mimalloc, jemalloc and tcmalloc come by LD_PRELOAD,
 * one to a process, which is how a user swaps them in: they serve the whole process, can't interpose
 * on each other, and are called through the PLT as if linked. "provider" says who really answered.
 * -DTUNED: glibc told to keep its memory. -DWHOLE: one block for all n pages, not n blocks. */
#include <dlfcn.h>
#include <malloc.h>

#include "bench.h"

static void contender_init(struct need need)
{
	Dl_info info;

	(void)need;
#ifdef TUNED
	if (!mallopt(M_MMAP_THRESHOLD, 32 << 20) || !mallopt(M_TRIM_THRESHOLD, 1 << 30) || !mallopt(M_TOP_PAD, 64 << 20))
		die("mallopt");
#endif
	if (dladdr((void *)aligned_alloc, &info) && info.dli_fname)
		printf("provider %s\n", info.dli_fname);
}

static void contender_thread_init(void)
{
}

static void contender_thread_exit(void)
{
}

#ifdef WHOLE
static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	p[0] = malloc((size_t)n * PAGE_BYTES);
	must(p[0] != NULL);
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	p[0] = calloc(n, PAGE_BYTES);
	must(p[0] != NULL);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	(void)n;
	free(p[0]);
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
	return (char *)p[0] + (size_t)i * PAGE_BYTES;
}
#else
static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		p[i] = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
		must(p[i] != NULL);
	}
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	get(p, n);
	for (unsigned int i = 0; i < n; i++)
		memset(p[i], 0, PAGE_BYTES);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		free(p[i]);
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
	return p[i];
}
#endif

#include "main.h"
