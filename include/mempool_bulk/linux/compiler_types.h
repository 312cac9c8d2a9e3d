/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/compiler_types.h: annotations. Those for sparse and for sections mean nothing here. */
#ifndef MEMPOOL_BULK_LINUX_COMPILER_TYPES_H
#define MEMPOOL_BULK_LINUX_COMPILER_TYPES_H

#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __nocast
#define __safe
#define __private
#define __init
#define __exit
#define __initdata
#define __initconst
#define __exitdata
#define __ref
#define __refdata
#define __sched
#define __read_mostly
#define __ro_after_init
#define __must_hold(lock)
#define __acquires(lock)
#define __releases(lock)
#define __acquire(lock) ((void)0)
#define __release(lock) ((void)0)
#ifndef __counted_by /* <linux/stddef.h> brings it */
#define __counted_by(m)
#endif
#define __nonstring
#define notrace
#define asmlinkage
#define noinline_for_stack noinline

#ifndef __always_inline
#define __always_inline __inline__ __attribute__((__always_inline__))
#endif
#define noinline __attribute__((__noinline__))
#define __must_check __attribute__((__warn_unused_result__))
#define __maybe_unused __attribute__((__unused__))
#define __always_unused __attribute__((__unused__))
#define __used __attribute__((__used__))
#define __weak __attribute__((__weak__))
#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((__aligned__(x)))
#endif
#define __printf(format, first) __attribute__((__format__(__printf__, format, first)))
#define __cold __attribute__((__cold__))
#define __pure __attribute__((__pure__))
#ifndef __attribute_const__
#define __attribute_const__ __attribute__((__const__))
#endif
#define __noreturn __attribute__((__noreturn__))
#define __malloc __attribute__((__malloc__))
#define __alloc_size(...) __attribute__((__alloc_size__(__VA_ARGS__)))
#define __section(name) __attribute__((__section__(name)))
#define __visible __attribute__((__visibility__("default")))
#define fallthrough __attribute__((__fallthrough__))

#define ____cacheline_aligned __aligned(64)
#define ____cacheline_aligned_in_smp __aligned(64)
#define __cacheline_aligned __aligned(64)
#define __cacheline_aligned_in_smp __aligned(64)

#endif
