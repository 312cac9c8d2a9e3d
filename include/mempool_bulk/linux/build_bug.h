/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/build_bug.h: conditions that the compiler checks. */
#ifndef MEMPOOL_BULK_LINUX_BUILD_BUG_H
#define MEMPOOL_BULK_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

#ifndef static_assert
#define static_assert(...) MPB_STATIC_ASSERT(__VA_ARGS__, "", 0)
#endif
#define MPB_STATIC_ASSERT(cond, text, ...) _Static_assert(cond, text)
#define BUILD_BUG_ON_MSG(cond, text) _Static_assert(!(cond), text)
#define BUILD_BUG_ON(cond) BUILD_BUG_ON_MSG(cond, #cond)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || ((n) & ((n) - 1)) != 0)
#define BUILD_BUG_ON_ZERO(cond) ((int)sizeof(struct { int : (-!!(cond)); }))

#endif
