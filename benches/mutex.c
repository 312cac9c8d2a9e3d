/* What one writes in an afternoon: an array of free pages and a mutex, everything inlined. */
#include <pthread.h>

#include "bench.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void **list;
static size_t len;

static void contender_init(struct need need)
{
	char *memory = aligned_alloc(PAGE_BYTES, (size_t)need.pages * PAGE_BYTES);

	list = malloc(need.pages * sizeof(*list));
	if (!memory || !list)
		die("malloc");
	for (; len < need.pages; len++)
		list[len] = memory + len * PAGE_BYTES;
}

static void contender_thread_init(void)
{
}

static void contender_thread_exit(void)
{
}

static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	pthread_mutex_lock(&lock);
	must(len >= n);
	len -= n;
	memcpy(p, list + len, n * sizeof(*p));
	pthread_mutex_unlock(&lock);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	pthread_mutex_lock(&lock);
	memcpy(list + len, p, n * sizeof(*p));
	len += n;
	pthread_mutex_unlock(&lock);
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
	return p[i];
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	get(p, n);
	for (unsigned int i = 0; i < n; i++)
		memset(p[i], 0, PAGE_BYTES);
}

#include "main.h"
