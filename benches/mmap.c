/* A mapping for each buffer, touched, since memory that is not there yet is no memory. */
#include <sys/mman.h>

#include "bench.h"

static void contender_init(struct need need)
{
	(void)need;
}

static void contender_thread_init(void)
{
}

static void contender_thread_exit(void)
{
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
	return (char *)p[0] + (size_t)i * PAGE_BYTES;
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	p[0] = mmap(NULL, (size_t)n * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(p[0] != MAP_FAILED);
}

static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	get_zeroed(p, n);
	for (unsigned int i = 0; i < n; i++)
		*(volatile char *)address(p, i) = 1;
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	munmap(p[0], (size_t)n * PAGE_BYTES);
}

#include "main.h"
