/* What holds no state: numbers, bits, lists, text, errors as pointers. */
#include <asm/unaligned.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "../c/test.h"

static int calls, started;

static int counted(int value)
{
	calls++;
	return value;
}

static int __init start(void)
{
	started++;
	return 0;
}

static void __exit stop(void)
{
	started--;
}

static int wanted = 5;

module_init(start);
module_exit(stop);
module_param(wanted, int, 0644);
MODULE_PARM_DESC(wanted, "how many");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_AUTHOR("nobody");
EXPORT_SYMBOL_GPL(counted);

TEST(a_module_is_initialised_before_main)
{
	CHECK(started == 1 && wanted == 5);
}

TEST(smaller_and_larger)
{
	CHECK(min(counted(3), counted(7)) == 3 && max(counted(3), counted(7)) == 7 && calls == 4);
	CHECK(min(min(4, 2), max(1, 3)) == 2 && min3(3, 1, 2) == 1 && max3(3, 1, 2) == 3);
	CHECK(min_t(u8, 300, 50) == 44 && max_t(long, -1, 1) == 1 && clamp(15, 0, 10) == 10 && clamp_val(-5, -3, 3) == -3);
	CHECK(min_not_zero(0u, 7u) == 7 && min_not_zero(9u, 0u) == 9 && min_not_zero(2u, 3u) == 2);
	int a = 1, b = 2;

	swap(a, b);
	CHECK(a == 2 && b == 1 && abs(-3) == 3 && abs(-5000000000LL) == 5000000000LL);
}

TEST(roundings)
{
	CHECK(ALIGN(4097UL, 4096) == 8192 && ALIGN_DOWN(4097UL, 4096) == 4096 && IS_ALIGNED(8192UL, 4096) && !IS_ALIGNED(8193UL, 2));
	CHECK(DIV_ROUND_UP(9, 4) == 3 && DIV_ROUND_CLOSEST(9, 4) == 2 && roundup(10, 6) == 12 && rounddown(10, 6) == 6);
	CHECK(round_up(0, 8) == 0 && round_up(9, 8) == 16 && round_down(15, 8) == 8);
	u64 n = 1000000000007ULL;

	CHECK(do_div(n, 10) == 7 && n == 100000000000ULL && div_u64(n, 3) == 33333333333ULL);
	CHECK(ilog2(1) == 0 && ilog2(4096) == 12 && order_base_2(5) == 3 && order_base_2(8) == 3 && roundup_pow_of_two(33UL) == 64);
	CHECK(rounddown_pow_of_two(33UL) == 32 && is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
}

TEST(overflows_are_found)
{
	size_t n;
	struct tail {
		int nr;
		u64 slots[];
	} *tail = NULL;

	CHECK(check_add_overflow((size_t)SIZE_MAX, (size_t)1, &n) && !check_mul_overflow((size_t)3, (size_t)4, &n) && n == 12);
	CHECK(size_mul(SIZE_MAX, 2) == SIZE_MAX && size_add(SIZE_MAX, 1) == SIZE_MAX && array3_size(2, 3, 4) == 24);
	CHECK(struct_size(tail, slots, 3) == sizeof(*tail) + 24 && struct_size(tail, slots, SIZE_MAX) == SIZE_MAX);
}

TEST(errors_as_pointers)
{
	int object;

	CHECK(IS_ERR(ERR_PTR(-ENOMEM)) && PTR_ERR(ERR_PTR(-ENOMEM)) == -ENOMEM && !IS_ERR(&object) && !IS_ERR(NULL));
	CHECK(IS_ERR_OR_NULL(NULL) && PTR_ERR_OR_ZERO(&object) == 0 && PTR_ERR_OR_ZERO(ERR_PTR(-EIO)) == -EIO && ENOTSUPP == 524);
}

TEST(warnings_are_expressions)
{
	int n = 0;

	CHECK(WARN_ON(n == 0) && !WARN_ON(n == 1) && WARN(n == 0, "n is %d\n", n));
	for (int i = 0; i < 3; i++)
		n += WARN_ON_ONCE(true);
	CHECK(n == 3);
	BUG_ON(n == 2);
	VM_BUG_ON(counted(1)); /* not evaluated */
	CHECK(calls == 0);
}

TEST(bits)
{
	DECLARE_BITMAP(map, 200);
	unsigned long bit, seen = 0;

	bitmap_zero(map, 200);
	set_bit(3, map);
	__set_bit(130, map);
	CHECK(test_bit(3, map) && !test_bit(4, map) && test_and_set_bit(130, map) && !test_and_set_bit(199, map));
	for_each_set_bit(bit, map, 200)
		seen = seen * 1000 + bit;
	CHECK(seen == 3130199 && bitmap_weight(map, 200) == 3);
	CHECK(find_first_zero_bit(map, 200) == 0 && find_next_bit(map, 200, 4) == 130 && find_next_bit(map, 199, 131) == 199);
	CHECK(test_and_clear_bit(3, map) && !test_and_clear_bit(3, map));
	change_bit(3, map);
	CHECK(find_last_bit(map, 199) == 130 && find_first_bit(map, 200) == 3);
	CHECK(!test_and_set_bit_lock(0, map) && test_and_set_bit_lock(0, map));
	clear_bit_unlock(0, map);
	bitmap_fill(map, 200);
	CHECK(bitmap_full(map, 200) && find_first_zero_bit(map, 200) == 200);
	bitmap_clear(map, 60, 10);
	CHECK(bitmap_weight(map, 200) == 190 && bitmap_find_next_zero_area(map, 200, 0, 8, 0) == 60);
	CHECK(bitmap_find_next_zero_area(map, 200, 0, 4, 3) == 60 && bitmap_find_next_zero_area(map, 200, 61, 4, 3) == 64);
	CHECK(bitmap_find_next_zero_area(map, 200, 0, 11, 0) > 200);
	CHECK(GENMASK(7, 4) == 0xf0 && BIT(5) == 32 && ffs(8) == 4 && fls(8) == 4 && fls(0) == 0 && __ffs(16) == 4 && fls64(1ULL << 40) == 41);
	CHECK(hweight32(0xf0f0u) == 8 && ffz(7ul) == 3 && hash_32(1, 8) < 256 && hash_64(12345, 10) < 1024);
}

struct item {
	int number;
	struct list_head entry;
	struct hlist_node node;
};

static int digits(struct list_head *head)
{
	struct item *item;
	int n = 0;

	list_for_each_entry(item, head, entry)
		n = n * 10 + item->number;
	return n;
}

TEST(lists)
{
	LIST_HEAD(a);
	LIST_HEAD(b);
	struct item items[6], *item, *next;

	for (int i = 0; i < 6; i++)
		items[i].number = i + 1;
	CHECK(list_empty(&a) && list_first_entry_or_null(&a, struct item, entry) == NULL);
	list_add(&items[0].entry, &a);
	CHECK(list_is_singular(&a));
	list_add(&items[1].entry, &a);
	list_add_tail(&items[2].entry, &a);
	CHECK(digits(&a) == 213 && list_first_entry(&a, struct item, entry)->number == 2 && list_last_entry(&a, struct item, entry)->number == 3);
	list_add_tail(&items[3].entry, &b);
	list_move_tail(&items[1].entry, &b);
	CHECK(digits(&a) == 13 && digits(&b) == 42);
	list_splice_init(&b, &a);
	CHECK(digits(&a) == 4213 && list_empty(&b));
	list_rotate_left(&a);
	list_cut_position(&b, &a, &items[0].entry);
	CHECK(digits(&b) == 21 && digits(&a) == 34);
	list_splice_tail(&b, &a);
	list_replace(&items[2].entry, &items[4].entry);
	CHECK(digits(&a) == 5421 && list_count_nodes(&a) == 4);
	list_for_each_entry_safe(item, next, &a, entry)
		if (item->number % 2 == 0)
			list_del(&item->entry);
	CHECK(digits(&a) == 51 && items[3].entry.next == LIST_POISON1);
	list_for_each_entry_reverse(item, &a, entry)
		items[5].number = item->number;
	CHECK(items[5].number == 5);
	list_del_init(&items[0].entry);
	CHECK(list_empty(&items[0].entry) && list_empty_careful(&items[0].entry));
}

TEST(lists_with_one_pointer)
{
	HLIST_HEAD(head);
	struct item items[3], *item;
	struct hlist_node *next;
	int n = 0;

	for (int i = 0; i < 3; i++) {
		items[i].number = i + 1;
		INIT_HLIST_NODE(&items[i].node);
		hlist_add_head(&items[i].node, &head);
	}
	hlist_for_each_entry(item, &head, node)
		n = n * 10 + item->number;
	CHECK(n == 321);
	hlist_for_each_entry_safe(item, next, &head, node)
		if (item->number != 2)
			hlist_del_init(&item->node);
	CHECK(head.first == &items[1].node && !items[1].node.next && hlist_unhashed(&items[0].node) && !hlist_empty(&head));
	hlist_add_behind(&items[0].node, &items[1].node);
	hlist_del(&items[1].node);
	CHECK(head.first == &items[0].node && items[0].node.pprev == &head.first);
}

TEST(text_and_bytes)
{
	char buf[8];
	u32 number = 0;
	unsigned char bytes[] = { 0, 1, 2, 3, 4 };

	CHECK(strscpy(buf, "short", sizeof(buf)) == 5 && strscpy(buf, "much too long") == -E2BIG && strcmp(buf, "much to") == 0);
	CHECK(scnprintf(buf, sizeof(buf), "%d", 123456789) == 7 && mem_is_zero("\0\0", 2) && !mem_is_zero("\0x", 2));
	CHECK(get_unaligned_le32(bytes + 1) == 0x04030201 && get_unaligned_be32(bytes + 1) == 0x01020304);
	put_unaligned_be16(0x0506, bytes + 1);
	CHECK(bytes[1] == 5 && bytes[2] == 6 && copy_from_user(&number, bytes + 1, 2) == 0 && upper_32_bits(1ULL << 40) == 256);
	CHECK(get_random_u32_below(7) < 7 && get_random_u64() != get_random_u64());
	CHECK(printk(KERN_INFO "a line of %d\n", 9) == 12);
	pr_debug("not shown %d\n", counted(1));
	CHECK(calls == 0);
}

TEST_MAIN()
