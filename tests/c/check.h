/* What tests of the library share besides the harness: counting callbacks, caught reports, a clock. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

/* A callback pair that counts, remembers, and can be told to fail. */
struct counter {
	atomic_int allocs, frees, fail, fail_after;
	gfp_t masks[64];
	void *freed[64];
	int allow; /* succeed this often once fail_after is on */
};

static inline void *counter_alloc(gfp_t gfp, void *data)
{
	struct counter *c = data;
	int n = atomic_fetch_add(&c->allocs, 1);

	if (n < 64)
		c->masks[n] = gfp;
	if (c->fail || (c->fail_after && n >= c->allow))
		return NULL;
	return malloc(32);
}

static inline void counter_free(void *element, void *data)
{
	struct counter *c = data;
	int n = atomic_fetch_add(&c->frees, 1);

	if (n < 64)
		c->freed[n] = element;
	free(element);
}

static atomic_int warns, bugs;
static char last_report[512];

static inline void on_report(enum mempool_bulk_report kind, const char *text, void *data)
{
	(void)data;
	snprintf(last_report, sizeof(last_report), "%s", text);
	if (kind == MEMPOOL_BULK_REPORT_BUG)
		bugs++;
	else
		warns++;
}

static inline void catch_reports(void)
{
	mempool_bulk_set_report_handler(on_report, NULL);
}

static inline long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0)
		;
}

static inline bool under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "valgrind");
}

/* A hang is killed by this. */
static inline void at_most(unsigned int seconds)
{
	alarm(under_valgrind() ? seconds * 10 : seconds);
}

/* A child that has found nothing wrong. */
static inline void wait_for(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* How often to do something: as the command line says, else so many times, far fewer in Valgrind. */
static inline int rounds_to_do(int natively)
{
	return rounds_asked ? rounds_asked : under_valgrind() ? natively / 100 + 1 : natively;
}

/* No page is lost or there twice, while nobody is busy: the counts of where pages lie agree with the states
 * of the pages, which the library counts one by one for a dump. `in_flight` are pages that threads had just
 * taken out or were about to put back, and now these threads are not there. */
static inline void check_conserved_but(bool in_flight)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	unsigned long held = 0, reserve = 0, free_now = 0, bad = 0;
	char text[8192] = "";
	const char *line;
	int fd[2];

	mempool_bulk_get_stats(&s);
	CHECK(pipe(fd) == 0 && mempool_bulk_dump(fd[1]) == 0 && read(fd[0], text, sizeof(text) - 1) > 0);
	close(fd[0]);
	close(fd[1]);
	if ((line = strstr(text, "states: ")) != NULL)
		CHECK(sscanf(line, "states: held %lu reserve %lu free %lu bad %lu", &held, &reserve, &free_now, &bad) == 4);
	CHECK(held + reserve + free_now + bad == s.pages_committed && bad == s.pages_bad);
	CHECK(free_now == s.pages_free + s.pages_cached || (in_flight && free_now > s.pages_free + s.pages_cached));
	CHECK(held + reserve == s.pages_outstanding || (in_flight && held + reserve < s.pages_outstanding));
}

static inline void check_conserved(void)
{
	check_conserved_but(false);
}

static inline unsigned long outstanding(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return (unsigned long)s.pages_outstanding;
}

/* What calls of the system that fail on purpose (scripts/nth-failure) keep from coming need not be waited for long. */
static inline long patience_ms(void)
{
	return getenv("NTH") ? 5000 : 60000;
}

/* Waits until a condition holds; a test that would wait longer has failed. */
#define UNTIL(cond)                                                                               \
	do {                                                                                      \
		for (long begin = now_ms(); !(cond); nap_ms(1))                                   \
			CHECK(now_ms() - begin < patience_ms());                                  \
	} while (0)

/* How often threads went to sleep for an element of a pool. */
static inline unsigned long pool_waits(const mempool_t *pool)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_pool_stats(pool, &s);
	return (unsigned long)s.waits;
}

/* As wait_timeout_ms: a sleeper that nobody wakes sleeps until the test runner kills it. Not where the source's own call
 * is the one that fails on purpose. */
enum { NO_RETRY = 3600000 };

static inline void configure(uint64_t limit, uint32_t wait_ms)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };

	config.limit_bytes = limit;
	config.wait_timeout_ms = getenv("NTH") && wait_ms == NO_RETRY ? 2000 : wait_ms;
	CHECK(mempool_bulk_configure(&config) == 0);
}

#endif
