/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/moduleparam.h: parameters keep the value that the source gives them. */
#ifndef MEMPOOL_BULK_LINUX_MODULEPARAM_H
#define MEMPOOL_BULK_LINUX_MODULEPARAM_H

#include <linux/compiler.h>
#include <linux/types.h>

#define module_param(name, type, perm) _Static_assert(sizeof(name) > 0, #name)
#define module_param_named(name, variable, type, perm) _Static_assert(sizeof(variable) > 0, #name)
#define core_param(name, variable, type, perm) _Static_assert(sizeof(variable) > 0, #name)
#define MODULE_PARM_DESC(name, text) _Static_assert(sizeof("" text) > 0, #name)

#endif
