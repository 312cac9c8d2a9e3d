/* When the array of a pool's elements can't be had, and when two threads have theirs at the same moment:
 * contract K14, K55, K58. This program's calloc stands before the C library's. */
#include "check.h"
#include <sched.h>

static mempool_t pool;
static struct counter c;
static atomic_bool refuse;
static atomic_int seen, arrived, opened[3];
static _Thread_local int gate;

extern void *__libc_calloc(size_t n, size_t size);

void *calloc(size_t n, size_t size)
{
	seen++;
	if (refuse)
		return NULL;
	if (gate) {
		int mine = gate;

		gate = 0;
		arrived++;
		while (!opened[mine])
			sched_yield();
	}
	return __libc_calloc(n, size);
}

/* Valgrind brings its own calloc, then there is nothing to test here. */
static void need_our_calloc(void)
{
	void *(*volatile function)(size_t, size_t) = calloc;
	int before = seen;

	free(function(1, 16));
	if (seen == before)
		exit(77);
}

TEST(K14_no_array)
{
	need_our_calloc();
	refuse = true;
	CHECK(mempool_init(&pool, 4, counter_alloc, counter_free, &c) == -ENOMEM);
	CHECK(!mempool_initialized(&pool));
	CHECK(mempool_create(4, counter_alloc, counter_free, &c) == NULL);
	CHECK(mempool_init_pages_bulk(&pool, 4, NULL, NULL, NULL) == -ENOMEM);
	refuse = false;
	CHECK(c.allocs == 0 && c.frees == 0 && outstanding() == 0);
}

TEST(K55_no_larger_array)
{
	need_our_calloc();
	CHECK(mempool_init(&pool, 3, counter_alloc, counter_free, &c) == 0);
	refuse = true;
	CHECK(mempool_resize(&pool, 8) == -ENOMEM);
	CHECK(pool.min_nr == 3 && pool.curr_nr == 3 && c.allocs == 3 && c.frees == 0);
	CHECK(mempool_resize(&pool, 2) == 0 && pool.curr_nr == 2);
	refuse = false;
	mempool_exit(&pool);
}

struct grow {
	int to, gate;
	pthread_t thread;
};

static void *grow(void *arg)
{
	struct grow *g = arg;

	gate = g->gate;
	CHECK(mempool_resize(&pool, g->to) == 0);
	return NULL;
}

/* Both have passed the first look at min_nr and hold an array; then `first` goes on alone. */
static void two_grows(int first, int second, int end)
{
	struct grow g[2] = { { first, 1, 0 }, { second, 2, 0 } };

	CHECK(mempool_init(&pool, 3, counter_alloc, counter_free, &c) == 0);
	arrived = opened[1] = opened[2] = 0;
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&g[i].thread, NULL, grow, &g[i]) == 0);
	UNTIL(arrived == 2);
	opened[1] = 1;
	pthread_join(g[0].thread, NULL);
	CHECK(pool.min_nr == first && pool.curr_nr == first);
	opened[2] = 1;
	pthread_join(g[1].thread, NULL);
	CHECK(pool.min_nr == end && pool.curr_nr == end);
	mempool_exit(&pool);
}

TEST(K58_the_larger_grow_first)
{
	need_our_calloc();
	two_grows(16, 8, 16);
}

TEST(K58_the_smaller_grow_first)
{
	need_our_calloc();
	two_grows(8, 16, 16);
}

TEST_MAIN()
