/* DPDK's mempool: ring handler, 512 objects cached for each lcore, the header's inline functions, every
 * thread registered as an lcore. No huge pages, so that it runs everywhere; objects are not page-aligned.
 * "-m" is address space until it is touched. */
#include <pthread.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "bench.h"

/* What the caches of other lcores can hold back: a flush happens at one and a half times the size. */
enum { CACHE = 512, CACHE_MOST = CACHE * 3 / 2 };

static struct rte_mempool *pool;
static unsigned int pool_size;

static void contender_init(struct need need)
{
	char mib[16], lcores[32];
	char *eal[] = { "dpdk", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "--log-level=lib.eal:error",
			"-m", mib, "--lcores", lcores };

	pool_size = need.pages + need.threads * CACHE_MOST;
	snprintf(mib, sizeof(mib), "%u", 64 + pool_size / 200);
	snprintf(lcores, sizeof(lcores), "0@%d", nth_cpu(0));
	if (rte_eal_init(sizeof(eal) / sizeof(*eal), eal) < 0)
		die("rte_eal_init");
	pool = rte_mempool_create("bench", pool_size, PAGE_BYTES, CACHE, 0, NULL, NULL, NULL, NULL, SOCKET_ID_ANY, 0);
	if (!pool)
		die("rte_mempool_create");
}

static void contender_thread_init(void)
{
	if (rte_thread_register() != 0)
		die("rte_thread_register");
}

static void contender_thread_exit(void)
{
	rte_thread_unregister();
}

static ALWAYS_INLINE void get(void **p, unsigned int n)
{
	must(rte_mempool_get_bulk(pool, p, n) == 0);
}

static ALWAYS_INLINE void put(void **p, unsigned int n)
{
	rte_mempool_put_bulk(pool, p, n);
}

static ALWAYS_INLINE void *address(void **p, unsigned int i)
{
	return p[i];
}

static ALWAYS_INLINE void get_zeroed(void **p, unsigned int n)
{
	get(p, n);
	for (unsigned int i = 0; i < n; i++)
		memset(p[i], 0, PAGE_BYTES);
}

#include "main.h"
