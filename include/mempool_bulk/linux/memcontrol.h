/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/memcontrol.h: memory cgroups: the library asks the system, no cgroup is visible to code. */
#ifndef MEMPOOL_BULK_LINUX_MEMCONTROL_H
#define MEMPOOL_BULK_LINUX_MEMCONTROL_H

#include <linux/mm.h>

struct mem_cgroup;
#define set_active_memcg(memcg) ((void)(memcg), (struct mem_cgroup *)NULL)

#endif
