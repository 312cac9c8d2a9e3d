/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/llist.h: a list that many threads push to without a lock, and one takes whole. */
#ifndef MEMPOOL_BULK_LINUX_LLIST_H
#define MEMPOOL_BULK_LINUX_LLIST_H

#include <linux/atomic.h>
#include <linux/container_of.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define LLIST_HEAD_INIT(name) { NULL }
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

/* Adds a chain; true when the list was empty. Release pairs with the Acquire of the taker. */
static inline bool llist_add_batch(struct llist_node *first, struct llist_node *last, struct llist_head *head)
{
	struct llist_node *old = READ_ONCE(head->first);

	do {
		last->next = old;
	} while (!__atomic_compare_exchange_n(&head->first, &old, first, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return !old;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	return llist_add_batch(node, node, head);
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_ACQUIRE);
}

/* For one taker at a time: another one's node could come back between the two looks at it. */
static inline struct llist_node *llist_del_first(struct llist_head *head)
{
	struct llist_node *first = smp_load_acquire(&head->first);

	while (first &&
	       !__atomic_compare_exchange_n(&head->first, &first, first->next, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		;
	return first;
}

static inline struct llist_node *llist_reverse_order(struct llist_node *node)
{
	struct llist_node *reversed = NULL;

	while (node) {
		struct llist_node *next = node->next;

		node->next = reversed;
		reversed = node;
		node = next;
	}
	return reversed;
}

static inline struct llist_node *llist_next(struct llist_node *node)
{
	return node->next;
}

#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define MPB_LLIST_ENTRY(ptr, pos, member) ((ptr) ? llist_entry(ptr, __typeof__(*(pos)), member) : NULL)
#define llist_for_each(pos, node) for ((pos) = (node); (pos); (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node) for ((pos) = (node); (pos) && ((n) = (pos)->next, 1); (pos) = (n))
#define llist_for_each_entry(pos, node, member)                                                    \
	for ((pos) = MPB_LLIST_ENTRY(node, pos, member); (pos); (pos) = MPB_LLIST_ENTRY((pos)->member.next, pos, member))
#define llist_for_each_entry_safe(pos, n, node, member)                                            \
	for ((pos) = MPB_LLIST_ENTRY(node, pos, member);                                           \
	     (pos) && ((n) = MPB_LLIST_ENTRY((pos)->member.next, pos, member), 1); (pos) = (n))

#endif
