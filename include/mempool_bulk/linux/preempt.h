/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/preempt.h: this code is never an interrupt, and the system preempts when it likes. */
#ifndef MEMPOOL_BULK_LINUX_PREEMPT_H
#define MEMPOOL_BULK_LINUX_PREEMPT_H

#include <linux/compiler.h>

#define preempt_disable() barrier()
#define preempt_enable() barrier()
#define preemptible() 1
#define local_irq_save(flags) ((void)((flags) = 0))
#define local_irq_restore(flags) ((void)(flags))
#define local_irq_disable() ((void)0)
#define local_irq_enable() ((void)0)
#define local_bh_disable() ((void)0)
#define local_bh_enable() ((void)0)
#define irqs_disabled() 0
#define in_interrupt() 0
#define in_irq() 0
#define in_softirq() 0
#define in_task() 1
#define in_atomic() 0
#define in_nmi() 0

#endif
