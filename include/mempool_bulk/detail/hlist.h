/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/hlist.h: lists whose head is one pointer: part of linux/list.h. */
#ifndef MEMPOOL_BULK_DETAIL_HLIST_H
#define MEMPOOL_BULK_DETAIL_HLIST_H

#define HLIST_HEAD_INIT { NULL }
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	WRITE_ONCE(head->first, node);
}

static inline void hlist_add_behind(struct hlist_node *node, struct hlist_node *prev)
{
	node->next = prev->next;
	node->pprev = &prev->next;
	if (node->next)
		node->next->pprev = &node->next;
	WRITE_ONCE(prev->next, node);
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	WRITE_ONCE(*node->pprev, node->next);
	if (node->next)
		node->next->pprev = node->pprev;
	INIT_HLIST_NODE(node);
}

static inline void hlist_del(struct hlist_node *node)
{
	hlist_del_init(node);
	node->next = LIST_POISON1;
	node->pprev = LIST_POISON2;
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define MPB_HLIST_ENTRY(ptr, type, member) ((ptr) ? hlist_entry(ptr, type, member) : NULL)
#define hlist_for_each(pos, head) for ((pos) = (head)->first; (pos); (pos) = (pos)->next)
#define hlist_for_each_entry(pos, head, member)                                                    \
	for ((pos) = MPB_HLIST_ENTRY((head)->first, __typeof__(*(pos)), member); (pos);            \
	     (pos) = MPB_HLIST_ENTRY((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member)                                            \
	for ((pos) = MPB_HLIST_ENTRY((head)->first, __typeof__(*(pos)), member);                   \
	     (pos) && ((n) = (pos)->member.next, 1);                                               \
	     (pos) = MPB_HLIST_ENTRY(n, __typeof__(*(pos)), member))

#endif
