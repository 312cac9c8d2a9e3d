/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/bug.h: WARN and BUG. Both write a line to stderr; BUG aborts, as the library's own does. */
#ifndef MEMPOOL_BULK_LINUX_BUG_H
#define MEMPOOL_BULK_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline __cold void mpb_warn(const char *file, int line, const char *format, ...) __printf(3, 4);
static inline __cold void mpb_warn(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "WARNING: %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

static inline __cold __noreturn void mpb_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "BUG: %s:%d: %s\n", file, line, what);
	abort();
}

#define BUG() mpb_bug(__FILE__, __LINE__, "BUG()")
#define BUG_ON(cond) (unlikely(cond) ? mpb_bug(__FILE__, __LINE__, #cond) : (void)0)

/* The value is the condition's. */
#define MPB_WARN(cond, once, ...) __extension__({                                                  \
	static bool mpb_said;                                                                      \
	const bool mpb_is = !!(cond);                                                              \
	if (unlikely(mpb_is) && !((once) && __atomic_exchange_n(&mpb_said, true, __ATOMIC_RELAXED))) \
		mpb_warn(__FILE__, __LINE__, __VA_ARGS__);                                         \
	mpb_is;                                                                                    \
})
#define WARN(cond, ...) MPB_WARN(cond, false, __VA_ARGS__)
#define WARN_ON(cond) MPB_WARN(cond, false, "%s\n", #cond)
#define WARN_ONCE(cond, ...) MPB_WARN(cond, true, __VA_ARGS__)
#define WARN_ON_ONCE(cond) MPB_WARN(cond, true, "%s\n", #cond)
#define WARN_ON_SMP(cond) WARN_ON(cond)

/* Checks of debugging kernels; the condition is compiled, not evaluated. */
#define VM_BUG_ON(cond) ((void)sizeof(!(cond)))
#define VM_BUG_ON_PAGE(cond, page) ((void)sizeof(!(cond)), (void)(page))
#define VM_BUG_ON_FOLIO(cond, folio) ((void)sizeof(!(cond)), (void)(folio))
#define VM_WARN_ON(cond) ((void)sizeof(!(cond)))
#define VM_WARN_ON_ONCE(cond) ((void)sizeof(!(cond)))

#endif
