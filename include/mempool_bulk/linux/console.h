/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/console.h: there is no console. */
#ifndef MEMPOOL_BULK_LINUX_CONSOLE_H
#define MEMPOOL_BULK_LINUX_CONSOLE_H

#define console_lock() ((void)0)
#define console_unlock() ((void)0)

#endif
