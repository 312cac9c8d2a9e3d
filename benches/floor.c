/* The floor: copying the pointers there and back, in another object (floor_copy.c), as any library must. */
#include "bench.h"

void floor_copy(void **to, void **from, unsigned int n);

/* A thread's own pages. */
static __thread void *mine[N_MAX];
static char *memory;

static void contender_init(struct need need)
{
	(void)need;
	memory = aligned_alloc(PAGE_BYTES, (size_t)N_MAX * PAGE_BYTES);
	if (!memory)
		die("aligned_alloc");
	memset(memory, 1, (size_t)N_MAX * PAGE_BYTES);
	for (size_t i = 0; i < N_MAX; i++)
		mine[i] = memory + i * PAGE_BYTES;
}

static void contender_thread_init(void)
{
	for (size_t i = 0; i < N_MAX; i++)
		mine[i] = memory + i * PAGE_BYTES;
}

static void contender_thread_exit(void)
{
}

static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	floor_copy(p, mine, n);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	floor_copy(mine, p, n);
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
