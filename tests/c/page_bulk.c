/* Pages in bulk, without a pool: contract K121, K134 to K149. */
#include "check.h"
#include <sys/mman.h>

static void check_all_different(struct page **p, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			CHECK(p[i] && p[i] != p[j]);
}

TEST(K134_sixteen_pages)
{
	struct page *p[16] = { NULL };

	CHECK(alloc_pages_bulk(GFP_KERNEL, 16, p) == 16);
	check_all_different(p, 16);
	for (int i = 0; i < 16; i++)
		CHECK((uintptr_t)page_address(p[i]) % 4096 == 0 && page_count(p[i]) == 1);
	release_pages(p, 16);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST(K135_populated_prefix)
{
	struct page *p[8] = { NULL }, *keep[4];

	for (int i = 0; i < 4; i++)
		keep[i] = p[i] = alloc_page(GFP_KERNEL);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8, p) == 8 && memcmp(p, keep, sizeof(keep)) == 0 && outstanding() == 8);
	check_all_different(p, 8);
	release_pages(p, 8);
}

TEST(K136_K139_full_and_nearly_full)
{
	struct page *p[8] = { NULL }, *keep[8];

	CHECK(alloc_pages_bulk_array(GFP_KERNEL, 8, p) == 8);
	memcpy(keep, p, sizeof(p));
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8, p) == 8 && memcmp(p, keep, sizeof(p)) == 0 && outstanding() == 8);
	CHECK(alloc_pages_bulk(GFP_NOWAIT, 8, p) == 8 && outstanding() == 8);
	__free_page(p[7]);
	p[7] = NULL;
	CHECK(alloc_pages_bulk(GFP_NOWAIT, 8, p) == 8 && p[7] && memcmp(p, keep, 7 * sizeof(*p)) == 0);
	check_all_different(p, 8);
	release_pages(p, 8);
}

TEST(K140_holes)
{
	struct page *p[8] = { NULL }, *keep[8];

	for (int i = 0; i < 6; i += 2)
		keep[i] = p[i] = alloc_page(GFP_KERNEL);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 8, p) == 8 && outstanding() == 8);
	for (int i = 0; i < 6; i += 2)
		CHECK(p[i] == keep[i]);
	check_all_different(p, 8);
	release_pages(p, 8);
}

TEST(K137_counts_that_give_nothing)
{
	static const unsigned long none[] = { 0, 0x80000000ul, 0xfffffffful, ~0ul };
	struct page *untouched = (struct page *)0x1234;

	catch_reports();
	for (int i = 0; i < 4; i++) {
		CHECK(alloc_pages_bulk(GFP_KERNEL, none[i], NULL) == 0);
		CHECK(alloc_pages_bulk_array(GFP_KERNEL, none[i], &untouched) == 0);
		CHECK(alloc_pages_bulk_node(GFP_KERNEL, 0, none[i], &untouched) == 0);
		CHECK(alloc_pages_bulk_mempolicy(GFP_KERNEL, none[i], &untouched) == 0);
	}
	CHECK(alloc_pages_bulk_noprof(GFP_KERNEL, -1, NULL, -5, &untouched) == 0);
	CHECK(alloc_pages_bulk_noprof(GFP_KERNEL, -1, NULL, -0x7fffffff - 1, &untouched) == 0);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, -1, NULL, &untouched, NULL, NULL) == 0);
	CHECK(untouched == (struct page *)0x1234 && outstanding() == 0 && warns == 0);
}

TEST(K138_nothing_beyond_the_array)
{
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct page **p = (struct page **)(void *)(two + 4096) - 4;

	CHECK(two != MAP_FAILED && mprotect(two + 4096, 4096, PROT_NONE) == 0);
	p[-1] = (struct page *)0x1234;
	CHECK(alloc_pages_bulk(GFP_KERNEL, 4, p) == 4 && alloc_pages_bulk(GFP_KERNEL, 4, p) == 4);
	check_all_different(p, 4);
	CHECK(p[-1] == (struct page *)0x1234);
	release_pages(p, 4);
	munmap(two, 8192);
}

TEST(K141_nothing_to_be_had_returns_what_is_populated)
{
	static struct page *p[128], *keep[128];

	configure(100 * 4096, 0);
	for (int i = 0; i < 3; i++)
		keep[i] = p[i] = alloc_page(GFP_KERNEL);
	keep[9] = alloc_page(GFP_KERNEL);
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 128, keep) == 100 && !keep[100]);
	p[9] = keep[9];
	CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 128, p) == 3);
	CHECK(p[3] == NULL && p[9] == keep[9] && outstanding() == 100);
	release_pages(keep, 100);
	check_conserved();
}

TEST(K142_a_request_that_may_sleep_gets_on)
{
	static struct page *p[4096];
	unsigned long n = 0, more;

	configure(4096 * 4096, 0);
	for (; n < 4096 && (p[n] = alloc_page(GFP_NOWAIT)); n++)
		;
	CHECK(n > 0 && n < 4096 && alloc_pages_bulk(GFP_NOWAIT, n + 8, p) == n);
	more = alloc_pages_bulk(GFP_KERNEL, n + 8, p);
	CHECK(more > n && p[n]);
	release_pages(p, (int)more);
	check_conserved();
}

TEST(K143_zeroed_pages)
{
	struct page *p[32];

	for (int round = 0; round < 3; round++) {
		memset(p, 0, sizeof(p));
		CHECK(alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, 32, p) == 32);
		for (int i = 0; i < 32; i++) {
			unsigned char *bytes = page_address(p[i]);

			for (int j = 0; j < 4096; j++)
				CHECK(bytes[j] == 0);
			memset(bytes, 0xff, 4096);
		}
		release_pages(p, 32);
	}
}

TEST(K144_accounted_pages_by_a_looping_caller)
{
	struct page *p[64] = { NULL };
	unsigned long n = 0, before;

	do {
		before = n;
		n = alloc_pages_bulk(GFP_KERNEL_ACCOUNT, 64, p);
		CHECK(n > before);
	} while (n < 64);
	check_all_different(p, 64);
	release_pages(p, 64);
	CHECK(outstanding() == 0);
}

static void count_cb(struct page *page, void *data)
{
	++*(int *)data;
	__free_page(page);
}

/* Fills an array of four anew through one spelling. */
#define SPELLING(call)                                                                            \
	do {                                                                                      \
		struct page *p[4] = { NULL };                                                     \
                                                                                                  \
		CHECK((call) == 4 && outstanding() == 4);                                         \
		check_all_different(p, 4);                                                        \
		CHECK((call) == 4 && outstanding() == 4);                                         \
		release_pages(p, 4);                                                              \
	} while (0)

TEST(K145_K149_all_spellings)
{
	SPELLING(alloc_pages_bulk(GFP_KERNEL, 4, p));
	SPELLING(alloc_pages_bulk_array(GFP_KERNEL, 4, p));
	for (int nid = -1; nid <= 0; nid++) {
		SPELLING(alloc_pages_bulk_node(GFP_KERNEL, nid, 4, p));
		SPELLING(alloc_pages_bulk_node_noprof(GFP_KERNEL, nid, 4, p));
		SPELLING(alloc_pages_bulk_array_node(GFP_KERNEL, nid, 4, p));
		SPELLING(alloc_pages_bulk_noprof(GFP_KERNEL, nid, NULL, 4, p));
		SPELLING(__alloc_pages_bulk(GFP_KERNEL, nid, NULL, 4, p));
		SPELLING(__alloc_pages_bulk(GFP_KERNEL, nid, NULL, 4, NULL, p));
		SPELLING(__alloc_pages_bulk(GFP_KERNEL, nid, NULL, 4, NULL, p, NULL, NULL));
	}
	SPELLING(alloc_pages_bulk_mempolicy(GFP_KERNEL, 4, p));
	SPELLING(alloc_pages_bulk_mempolicy_noprof(GFP_KERNEL, 4, p));
	SPELLING(alloc_pages_bulk_array_mempolicy(GFP_KERNEL, 4, p));
	CHECK(outstanding() == 0);
}

static int length(const struct list_head *list)
{
	int n = 0;

	for (const struct list_head *at = list->next; at != list; at = at->next, n++)
		CHECK(at->next->prev == at && at->prev->next == at);
	return n;
}

TEST(K146_list_form)
{
	LIST_HEAD(list);

	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 3, &list) == 3 && length(&list) == 3);
	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 5, &list) == 5 && length(&list) == 8 && outstanding() == 8);
	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 0, &list) == 0 && alloc_pages_bulk_list(GFP_KERNEL, ~0ul, &list) == 0);
	while (list.next != &list) {
		struct page *page = (struct page *)(void *)((char *)list.next - offsetof(struct page, lru));

		list.next = list.next->next;
		CHECK(page_count(page) == 1);
		__free_page(page);
	}
	CHECK(outstanding() == 0);
}

TEST(K147_callback_form)
{
	int n = 0;

	CHECK(alloc_pages_bulk_cb(GFP_KERNEL, 300, count_cb, &n) == 300 && n == 300);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, NULL, NULL, count_cb, &n) == 4 && n == 304);
	CHECK(alloc_pages_bulk_cb(GFP_KERNEL, 0, count_cb, &n) == 0 && alloc_pages_bulk_cb(GFP_KERNEL, ~0ul, count_cb, &n) == 0);
	CHECK(alloc_pages_bulk_cb(GFP_KERNEL, 4, NULL, NULL) == 0 && n == 304 && outstanding() == 0);
}

TEST(K148_a_list_wins_over_an_array_over_a_callback)
{
	struct page *p[4] = { NULL };
	int called = 0;

	LIST_HEAD(list);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, &list, p, count_cb, &called) == 4);
	CHECK(length(&list) == 4 && !p[0] && !called);
	CHECK(__alloc_pages_bulk(GFP_KERNEL, -1, NULL, 4, NULL, p, count_cb, &called) == 4);
	CHECK(length(&list) == 4 && !called);
	check_all_different(p, 4);
	release_pages(p, 4);
}

/* The flags that are left of GFP_KERNEL show in the report of a failure. */
static void check_seen(const char *gfp)
{
	warns = 0;
	CHECK(alloc_page(GFP_KERNEL) == NULL && warns == 1);
	CHECK(strstr(last_report, gfp));
}

TEST(K121_scopes_take_flags_away)
{
	struct page *p[64] = { NULL };
	unsigned int outer, inner;

	catch_reports();
	configure(64 * 4096, 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 64, p) == 64);
	check_seen("gfp 0xcc0");
	outer = memalloc_nofs_save();
	check_seen("gfp 0xc40");
	inner = memalloc_noio_save();
	check_seen("gfp 0xc00");
	memalloc_noio_restore(memalloc_noio_save());
	check_seen("gfp 0xc00");
	memalloc_noio_restore(inner);
	check_seen("gfp 0xc40");
	memalloc_nofs_restore(outer);
	check_seen("gfp 0xcc0");
	release_pages(p, 64);
}

TEST_MAIN()
