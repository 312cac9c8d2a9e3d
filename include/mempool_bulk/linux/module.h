/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/module.h: a module is part of the program: its init function runs before main, its exit
 * function after it. */
#ifndef MEMPOOL_BULK_LINUX_MODULE_H
#define MEMPOOL_BULK_LINUX_MODULE_H

#if __has_include_next(<linux/module.h>)
#include_next <linux/module.h>
#endif
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#define module_init(fn) device_initcall(fn)
#define module_exit(fn) __exitcall(fn)
#define MPB_MODULE_TEXT(text) _Static_assert(sizeof("" text) > 0, "a text")
#define MODULE_LICENSE(text) MPB_MODULE_TEXT(text)
#define MODULE_AUTHOR(text) MPB_MODULE_TEXT(text)
#define MODULE_DESCRIPTION(text) MPB_MODULE_TEXT(text)
#define MODULE_VERSION(text) MPB_MODULE_TEXT(text)
#define MODULE_ALIAS(text) MPB_MODULE_TEXT(text)
#define MODULE_SOFTDEP(text) MPB_MODULE_TEXT(text)
#define MODULE_IMPORT_NS(text) MPB_MODULE_TEXT("")

static inline bool try_module_get(struct module *module)
{
	return !module;
}

static inline void module_put(struct module *module)
{
	(void)module;
}

static inline void __module_get(struct module *module)
{
	(void)module;
}

#endif
