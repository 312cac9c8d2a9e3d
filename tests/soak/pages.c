/* The pattern in each page, who holds it, and the mailbox through which pages change hands. Safe in signal
 * handlers. */
#include "soak.h"

static atomic_uchar owned[LIMIT_PAGES];
static struct page *_Atomic mailbox[MAILBOX];
static atomic_ulong tags;

/* Every word of a page follows from its first, which no other page has had. */
static void fill(unsigned long *words, unsigned long tag)
{
	for (unsigned long i = 0; i < PAGE_SIZE / sizeof(long); i++)
		words[i] = tag + i * 0x9e3779b97f4a7c15u;
}

static void verify(const unsigned long *words)
{
	for (unsigned long i = 0; i < PAGE_SIZE / sizeof(long); i++)
		CHECK(words[i] == words[0] + i * 0x9e3779b97f4a7c15u);
}

void born(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	CHECK(pfn + (1u << order) <= LIMIT_PAGES && page_count(page) == 1);
	for (unsigned long i = 0; i < 1u << order; i++) {
		CHECK(atomic_exchange(&owned[pfn + i], 1) == 0);
		fill(page_address(nth_page(page, i)), atomic_fetch_add(&tags, 1) << 20 | pfn);
	}
	atomic_fetch_add_explicit(&counts.pages, 1u << order, memory_order_relaxed);
}

void dies(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned long i = 0; i < 1u << order; i++) {
		verify(page_address(nth_page(page, i)));
		CHECK(atomic_exchange(&owned[pfn + i], 0) == 1);
	}
}

unsigned int owned_pages(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < LIMIT_PAGES; i++)
		n += owned[i];
	return n;
}

/* Leaves a page, or NULL, in a slot and takes what was there. */
struct page *mailbox_swap(unsigned int at, struct page *page)
{
	return atomic_exchange(&mailbox[at % MAILBOX], page);
}

void mailbox_empty(void)
{
	for (unsigned int i = 0; i < MAILBOX; i++) {
		struct page *page = mailbox_swap(i, NULL);

		if (page) {
			dies(page, 0);
			__free_page(page);
		}
	}
}
