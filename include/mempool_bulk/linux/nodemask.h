/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/nodemask.h: sets of nodes: there is node 0. */
#ifndef MEMPOOL_BULK_LINUX_NODEMASK_H
#define MEMPOOL_BULK_LINUX_NODEMASK_H

#include <linux/bitmap.h>
#include <linux/numa.h>

typedef struct nodemask {
	DECLARE_BITMAP(bits, MAX_NUMNODES);
} nodemask_t;

#define NODE_MASK_NONE { { 0 } }
#define NODE_MASK_ALL { { 1 } }
#define node_online(node) ((node) == 0)
#define num_online_nodes() 1
#define nr_online_nodes 1
#define nr_node_ids 1
#define first_online_node 0
#define node_set(node, mask) set_bit((unsigned long)(node), (mask).bits)
#define node_clear(node, mask) clear_bit((unsigned long)(node), (mask).bits)
#define node_isset(node, mask) test_bit((unsigned long)(node), (mask).bits)
#define nodes_empty(mask) ((mask).bits[0] == 0)
#define for_each_node(node) for ((node) = 0; (node) < MAX_NUMNODES; (node)++)
#define for_each_online_node(node) for_each_node(node)

#endif
