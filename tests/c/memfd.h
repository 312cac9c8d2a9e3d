/* What the tests of shared memory have in common. */
#ifndef MEMFD_H
#define MEMFD_H

#include "check.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { CHUNK = 512, LIMIT = 32 * CHUNK };
static const uint64_t CHUNK_BYTES = CHUNK * 4096;

static inline void configure_memfd(uint64_t limit_pages, uint32_t more_flags)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .node = -1 };

	config.limit_bytes = limit_pages * 4096;
	config.flags = MEMPOOL_BULK_MEMFD | more_flags;
	config.wait_timeout_ms = 50;
	CHECK(mempool_bulk_configure(&config) == 0);
}

/* Where the offsets count from. */
static inline char *memory_start(void)
{
	struct iovec region = { NULL, 0 };

	CHECK(mempool_bulk_regions(&region, 1) >= 1);
	return region.iov_base;
}

/* What is refused is reported, and nothing has changed then that can be seen. */
#define REFUSED(cond)                                                                             \
	do {                                                                                      \
		int bugs_before = bugs;                                                           \
		unsigned long pages = outstanding();                                              \
		CHECK(cond);                                                                      \
		CHECK(bugs > bugs_before && outstanding() == pages);                            \
		CHECK(strstr(last_report, "a child of fork may not"));                            \
	} while (0)
#define REFUSED_CALL(call) REFUSED(((call), true))

#endif
