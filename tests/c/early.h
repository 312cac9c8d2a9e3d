/* Handlers of fork that are registered before the constructors of all libraries, so before the library's own: what runs
 * before a fork runs last then, when the library lets nobody in any more, and what runs in the child runs first. */
#ifndef EARLY_H
#define EARLY_H

#include "check.h"

static void (*in_prepare)(void), (*in_child)(void);

static void early_prepare(void)
{
	if (in_prepare)
		in_prepare();
}

static void early_child(void)
{
	if (in_child)
		in_child();
}

static void register_early(void)
{
	pthread_atfork(early_prepare, NULL, early_child);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(void) = register_early;

#endif
