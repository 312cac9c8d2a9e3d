/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/poison.h: values that say what a word was. No memory lies at the pointers. */
#ifndef MEMPOOL_BULK_LINUX_POISON_H
#define MEMPOOL_BULK_LINUX_POISON_H

#define LIST_POISON1 ((void *)0xdead000000000100UL)
#define LIST_POISON2 ((void *)0xdead000000000122UL)
#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5
#define PAGE_POISON 0xaa
#define POISON_FREE_INITMEM 0xcc

#endif
