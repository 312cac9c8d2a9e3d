/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/container_of.h: from a member to the structure around it. */
#ifndef MEMPOOL_BULK_LINUX_CONTAINER_OF_H
#define MEMPOOL_BULK_LINUX_CONTAINER_OF_H

#include <stddef.h>
#include <stdint.h>

#define container_of(ptr, type, member) ((type *)(void *)((char *)(uintptr_t)(ptr) - offsetof(type, member)))
#define container_of_const(ptr, type, member) container_of(ptr, type, member)
#define typeof_member(type, member) __typeof__(((type *)0)->member)
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))

#endif
