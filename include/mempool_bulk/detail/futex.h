/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* detail/futex.h: the system calls that all waiting here is made of, declared here because strict C
 * hides them. errno is the caller's: kernel code does not expect it to change. */
#ifndef MEMPOOL_BULK_DETAIL_FUTEX_H
#define MEMPOOL_BULK_DETAIL_FUTEX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

extern long syscall(long number, ...);
extern int clock_gettime(int clock, struct timespec *time);
extern long sysconf(int name);

static inline long long mpb_now_ns(void)
{
	struct timespec now;

	clock_gettime(1 /* CLOCK_MONOTONIC */, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline struct timespec mpb_time(long long ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
}

/* Sleeps while *word is value, not beyond a time of the monotonic clock; NULL: no limit. False when that
 * has come. May return early, as all waiting may. */
static inline bool mpb_futex_wait(const unsigned int *word, unsigned int value, const struct timespec *until)
{
	const int kept = errno;
	const long rc = syscall(SYS_futex, word, 9 | 128 /* FUTEX_WAIT_BITSET, private */, value, until, NULL, ~0u);
	const bool in_time = rc == 0 || errno != ETIMEDOUT;

	errno = kept;
	return in_time;
}

static inline void mpb_futex_wake(const unsigned int *word, int threads)
{
	const int kept = errno;

	syscall(SYS_futex, word, 1 | 128 /* FUTEX_WAKE, private */, threads, NULL, NULL, 0);
	errno = kept;
}

static inline void mpb_sleep_ns(long long ns)
{
	const struct timespec until = mpb_time(mpb_now_ns() + ns);
	const unsigned int word = 0;

	while (mpb_futex_wait(&word, 0, &until))
		;
}

static inline unsigned long mpb_ram_pages(void)
{
	return (unsigned long)sysconf(85 /* _SC_PHYS_PAGES */);
}

static inline unsigned int mpb_online_cpus(void)
{
	return (unsigned int)sysconf(84 /* _SC_NPROCESSORS_ONLN */);
}

#endif
