/* Hot loops whose instructions are counted under callgrind; scripts/budget runs each with two numbers of
 * rounds and takes the difference, so that what happens before and after the loop cancels out.
 * usage: budget NAME ROUNDS; without arguments it prints the names.
 * Knows nothing of limits: they are in budgets.txt. */
#include <mempool_bulk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESERVE = 64, N_MAX = 256 };

static mempool_t pool;
static struct page *pages[N_MAX], *shuffled[N_MAX];

static void check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "budget: %s\n", what);
		exit(1);
	}
}

static void page(unsigned int n)
{
	struct page *p = alloc_page(GFP_KERNEL);

	(void)n;
	check(p != NULL, "alloc_page");
	__free_page(p);
}

/* The reserve is full, as it nearly always is. */
static void element(unsigned int n)
{
	void *p = mempool_alloc(&pool, GFP_KERNEL);

	(void)n;
	check(p != NULL, "mempool_alloc");
	mempool_free(p, &pool);
}

static void get_array(unsigned int n)
{
	memset(pages, 0, n * sizeof(*pages));
	check(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, n, pages), "mempool_alloc_pages_bulk_array");
}

static void array(unsigned int n)
{
	get_array(n);
	mempool_bulk_free_pages(&pool, pages, n);
}

/* mempool_alloc_bulk() of 7.2: the array need not be cleared. */
static void fresh(unsigned int n)
{
	check(mempool_alloc_bulk(&pool, (void **)pages, n) == 0, "mempool_alloc_bulk");
	mempool_bulk_free_pages(&pool, pages, n);
}

/* A fixed order in which no two neighbours follow each other: 101 and 256 have no common factor. */
static void scattered(unsigned int n)
{
	get_array(n);
	for (unsigned int i = 0; i < n; i++)
		shuffled[i] = pages[i * 101 % N_MAX];
	mempool_bulk_free_pages(&pool, shuffled, n);
}

static void add_page(struct page *p, void *data)
{
	struct page ***next = data;

	*(*next)++ = p;
}

static void callback(unsigned int n)
{
	struct page **next = pages;

	check(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, n, add_page, &next), "mempool_alloc_pages_bulk_cb");
	mempool_bulk_free_pages(&pool, pages, n);
}

static void one_by_one(unsigned int n)
{
	get_array(n);
	for (unsigned int i = 0; i < n; i++)
		mempool_free(pages[i], &pool);
}

static const struct {
	const char *name;
	void (*loop)(unsigned int n);
	unsigned int n;
} loops[] = {
	{ "page", page, 1 },
	{ "element", element, 1 },
	{ "array-8", array, 8 },
	{ "array-32", array, 32 },
	{ "array-256", array, 256 },
	{ "fresh-8", fresh, 8 },
	{ "fresh-256", fresh, 256 },
	{ "scattered-256", scattered, 256 },
	{ "callback-256", callback, 256 },
	{ "one-by-one-256", one_by_one, 256 },
};

int main(int argc, char **argv)
{
	check(mempool_init_pages_bulk(&pool, RESERVE, NULL, NULL, NULL) == 0, "mempool_init_pages_bulk");
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		if (argc < 3) {
			puts(loops[i].name);
			continue;
		}
		if (strcmp(argv[1], loops[i].name) != 0)
			continue;
		for (long rounds = strtol(argv[2], NULL, 10); rounds > 0; rounds--)
			loops[i].loop(loops[i].n);
		return 0;
	}
	return argc < 3 ? 0 : 2;
}
