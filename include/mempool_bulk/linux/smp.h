/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/smp.h: CPUs: their number is the machine's, as an index there is only 0 (see percpu.h). */
#ifndef MEMPOOL_BULK_LINUX_SMP_H
#define MEMPOOL_BULK_LINUX_SMP_H

#include "../detail/futex.h"

#define NR_CPUS 1
#define nr_cpu_ids 1U
#define smp_processor_id() 0
#define raw_smp_processor_id() 0
#define num_online_cpus() mpb_online_cpus()
#define num_possible_cpus() mpb_online_cpus()
#define num_present_cpus() mpb_online_cpus()
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#define cpu_online(cpu) ((cpu) == 0)
#define cpu_possible(cpu) ((cpu) == 0)

#endif
