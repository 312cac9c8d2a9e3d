/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/printk.h: messages go to stderr. %p extensions of the kernel print as plain %p. */
#ifndef MEMPOOL_BULK_LINUX_PRINTK_H
#define MEMPOOL_BULK_LINUX_PRINTK_H

#include <linux/compiler.h>
#include <linux/init.h>
#include <stdarg.h>
#include <stdio.h>

/* A level is the byte 1 and a digit; it is not printed. */
#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c"
#define KERN_DEFAULT ""

static inline int vprintk(const char *format, va_list args) __printf(1, 0);
static inline int vprintk(const char *format, va_list args)
{
	return vfprintf(stderr, format[0] == '\001' && format[1] ? format + 2 : format, args);
}

static inline int printk(const char *format, ...) __printf(1, 2);
static inline int printk(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vprintk(format, args);
	va_end(args);
	return n;
}

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME __BASE_FILE__
#endif
#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(...) printk(KERN_CONT __VA_ARGS__)
#define no_printk(...) ((void)sizeof(printk(__VA_ARGS__)))
#ifdef DEBUG
#define pr_debug(format, ...) printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)
#else
#define pr_debug(format, ...) no_printk(pr_fmt(format), ##__VA_ARGS__)
#endif

#define MPB_ONCE(...) do {                                                                         \
	static int mpb_said;                                                                       \
	if (!__atomic_exchange_n(&mpb_said, 1, __ATOMIC_RELAXED))                                  \
		__VA_ARGS__;                                                                       \
} while (0)
#define printk_once(...) MPB_ONCE(printk(__VA_ARGS__))
#define pr_err_once(...) MPB_ONCE(pr_err(__VA_ARGS__))
#define pr_warn_once(...) MPB_ONCE(pr_warn(__VA_ARGS__))
#define pr_info_once(...) MPB_ONCE(pr_info(__VA_ARGS__))
/* There is no log that could be flooded: every line is printed. */
#define printk_ratelimited(...) printk(__VA_ARGS__)
#define pr_err_ratelimited(...) pr_err(__VA_ARGS__)
#define pr_warn_ratelimited(...) pr_warn(__VA_ARGS__)
#define pr_info_ratelimited(...) pr_info(__VA_ARGS__)

static inline void dump_stack(void)
{
}

#endif
