/* Counts the process's heap calls, the libraries' included: a definition in the program goes first. */
#include <errno.h>
#include <stdlib.h>

unsigned long malloc_calls;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *piece, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *piece);

static void count(void)
{
	__atomic_fetch_add(&malloc_calls, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
	count();
	return __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	count();
	return __libc_calloc(nr, size);
}

void *realloc(void *piece, size_t size)
{
	count();
	return __libc_realloc(piece, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	count();
	return __libc_memalign(align, size);
}

int posix_memalign(void **piece, size_t align, size_t size)
{
	count();
	*piece = __libc_memalign(align, size);
	return *piece ? 0 : ENOMEM;
}

void free(void *piece)
{
	if (piece)
		count();
	__libc_free(piece);
}
