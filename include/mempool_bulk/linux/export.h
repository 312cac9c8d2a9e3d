/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/export.h: symbols need no exporting to modules; the lines compile. */
#ifndef MEMPOOL_BULK_LINUX_EXPORT_H
#define MEMPOOL_BULK_LINUX_EXPORT_H

#define EXPORT_SYMBOL(symbol) _Static_assert(sizeof(&(symbol)) > 0, #symbol)
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS(symbol, ns) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns) EXPORT_SYMBOL(symbol)
#define THIS_MODULE ((struct module *)0)
struct module;

#endif
