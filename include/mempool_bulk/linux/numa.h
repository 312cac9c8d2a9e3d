/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/numa.h: one node, as far as this library knows. */
#ifndef MEMPOOL_BULK_LINUX_NUMA_H
#define MEMPOOL_BULK_LINUX_NUMA_H

#define MAX_NUMNODES 1
#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif
#define numa_node_id() 0
#define numa_mem_id() 0
#define cpu_to_node(cpu) ((void)(cpu), 0)
#define page_to_nid(page) ((void)(page), 0)

#endif
