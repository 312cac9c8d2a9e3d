/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/init.h: an initcall runs before main, an exitcall after it; constructors and destructors. */
#ifndef MEMPOOL_BULK_LINUX_INIT_H
#define MEMPOOL_BULK_LINUX_INIT_H

#include <linux/compiler.h>
#include <linux/types.h>

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

/* Earlier levels first. What an initcall returns other than 0 ends the program, because nobody is there
 * who would do without the part; in the kernel, only the module is not loaded. */
#define MPB_INITCALL(fn, level)                                                                    \
	static void mpb_run_##fn(void) __attribute__((__constructor__(level)));                    \
	static void mpb_run_##fn(void) { mpb_initcall_result(#fn, fn()); }                         \
	_Static_assert(sizeof(&fn) > 0, #fn)
#define early_initcall(fn) MPB_INITCALL(fn, 1000)
#define core_initcall(fn) MPB_INITCALL(fn, 2000)
#define postcore_initcall(fn) MPB_INITCALL(fn, 3000)
#define arch_initcall(fn) MPB_INITCALL(fn, 4000)
#define subsys_initcall(fn) MPB_INITCALL(fn, 5000)
#define fs_initcall(fn) MPB_INITCALL(fn, 6000)
#define device_initcall(fn) MPB_INITCALL(fn, 7000)
#define late_initcall(fn) MPB_INITCALL(fn, 8000)
#define __initcall(fn) device_initcall(fn)
#define __exitcall(fn)                                                                             \
	static void mpb_run_##fn(void) __attribute__((__destructor__));                            \
	static void mpb_run_##fn(void) { fn(); }                                                   \
	_Static_assert(sizeof(&fn) > 0, #fn)
#define __setup(name, fn) _Static_assert(sizeof(&fn) > 0, name)

extern int dprintf(int fd, const char *format, ...);
extern void _exit(int status) __attribute__((__noreturn__));

static inline void mpb_initcall_result(const char *name, int result)
{
	if (result != 0) {
		dprintf(2, "initcall %s failed: %d\n", name, result);
		_exit(1);
	}
}

#endif
