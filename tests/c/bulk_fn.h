/* A user's bulk function with a quota, which remembers its calls, and a pool that uses it. */
#ifndef BULK_FN_H
#define BULK_FN_H

#include "check.h"

static mempool_t pool;

static struct {
	atomic_int calls, frees, quota;
	int lie;        /* what it claims to have done, if not 0 */
	bool refuse;    /* returns 0 without looking */
	gfp_t masks[16];
	unsigned int nr[16];
	struct page **array[16];
} b;

static inline unsigned int user_bulk(gfp_t gfp, unsigned int nr, void *data, struct page **array,
				     void (*cb)(struct page *, void *), void *cb_data)
{
	unsigned int populated = 0, got = 0;

	CHECK(data == &b && !array == !!cb);
	if (b.calls < 16) {
		b.masks[b.calls] = gfp;
		b.nr[b.calls] = nr;
		b.array[b.calls] = array;
	}
	b.calls++;
	if (b.refuse)
		return 0;
	for (; array && populated < nr; populated++) {
		if (array[populated])
			continue;
		if (b.quota == 0)
			break;
		b.quota--;
		array[populated] = alloc_page(GFP_KERNEL);
	}
	for (; cb && got < nr && b.quota > 0; got++, b.quota--)
		cb(alloc_page(GFP_KERNEL), cb_data);
	return b.lie ? (unsigned int)b.lie : array ? populated : got;
}

static inline void user_free(void *page, void *data)
{
	CHECK(data == &b);
	b.frees++;
	__free_page(page);
}

static inline void set_up(int min_nr, int quota)
{
	CHECK(mempool_init_pages_bulk(&pool, min_nr, user_bulk, user_free, &b) == 0);
	b.quota = quota;
}

static inline void give_back(struct page **pages, unsigned int n)
{
	mempool_bulk_free_pages(&pool, pages, n);
}

static inline void check_all_different(struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			CHECK(pages[i] && pages[i] != pages[j]);
}

/* The pool is gone and so is every page. */
static inline void tear_down(void)
{
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

#endif
