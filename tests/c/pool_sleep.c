/* Sleeping for one element, and being woken: contract K20, K21, K27 to K29, K33, K42 to K46. */
#include "check.h"
#include <sched.h>
#include <signal.h>

static mempool_t pool;
static struct counter c;

static void set_up(int min_nr)
{
	CHECK(mempool_init(&pool, min_nr, counter_alloc, counter_free, &c) == 0);
	c.allocs = 0;
}

static void empty_reserve(void **out, int n)
{
	for (int i = 0; i < n; i++)
		CHECK((out[i] = mempool_alloc_preallocated(&pool)) != NULL);
}

static atomic_int returned;

static void *sleeper(void *mask)
{
	void *e = mempool_alloc(&pool, (gfp_t)(uintptr_t)mask);

	CHECK(e != NULL);
	returned++;
	return e;
}

static pthread_t start_sleeper(gfp_t gfp)
{
	unsigned long waits = pool_waits(&pool);
	pthread_t t;

	CHECK(pthread_create(&t, NULL, sleeper, (void *)(uintptr_t)gfp) == 0);
	UNTIL(pool_waits(&pool) != waits);
	return t;
}

static void check_sleeping_masks(gfp_t gfp, gfp_t first, gfp_t second)
{
	void *e[2], *got;
	pthread_t t;

	set_up(2);
	empty_reserve(e, 2);
	c.fail = 1;
	t = start_sleeper(gfp);
	CHECK(c.allocs == 2 && c.masks[0] == first && c.masks[1] == second);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	CHECK(got == e[0]);
	mempool_free(got, &pool);
	mempool_free(e[1], &pool);
	mempool_exit(&pool);
	c.fail = 0;
}

TEST(K20_second_mask_of_gfp_kernel) { check_sleeping_masks(GFP_KERNEL, 0x92880, 0x92cc0); }

TEST(K21_masks_of_noio_and_nofs)
{
	check_sleeping_masks(GFP_NOIO, 0x92800, 0x92c00);
	check_sleeping_masks(GFP_NOFS, 0x92800, 0x92c40);
	check_sleeping_masks(GFP_NOWAIT | __GFP_HIGHMEM | __GFP_DIRECT_RECLAIM, 0x92802, 0x92c02);
}

TEST(K27_sleeps_until_a_free)
{
	void *e[1], *got;
	pthread_t t;

	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	nap_ms(50);
	CHECK(returned == 0);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	CHECK(got == e[0] && c.frees == 0);
	mempool_free(got, &pool);
	mempool_exit(&pool);
}

TEST(K28_retries_without_a_free)
{
	void *e[1], *got;
	pthread_t t;
	long start = now_ms();

	configure(0, 200);
	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	c.fail = 0;
	pthread_join(t, &got);
	CHECK(got != e[0] && now_ms() - start < 4000);
	mempool_free(got, &pool);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

TEST(K28_by_default_within_five_seconds)
{
	void *e[1], *got;
	pthread_t t;
	long start = now_ms();

	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	c.fail = 0;
	pthread_join(t, &got);
	CHECK(got != e[0] && now_ms() - start >= 4000 && now_ms() - start < 30000);
	mempool_free(got, &pool);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

static void on_signal(int sig) { (void)sig; }

TEST(K29_signals_do_not_wake)
{
	void *e[1], *got;
	pthread_t t;
	struct sigaction sa = { .sa_handler = on_signal };

	configure(0, NO_RETRY);
	sigaction(SIGUSR1, &sa, NULL);
	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	t = start_sleeper(GFP_KERNEL);
	for (int i = 0; i < 20; i++) {
		pthread_kill(t, SIGUSR1);
		nap_ms(2);
	}
	CHECK(c.allocs == 2 && returned == 0);
	mempool_free(e[0], &pool);
	pthread_join(t, &got);
	mempool_free(got, &pool);
	mempool_exit(&pool);
}

TEST(K42_one_free_serves_one_of_many_sleepers)
{
	void *e[3], *got[3];
	pthread_t t[3];

	configure(0, NO_RETRY);
	set_up(3);
	empty_reserve(e, 3);
	c.fail = 1;
	for (int i = 0; i < 3; i++)
		t[i] = start_sleeper(GFP_KERNEL);
	for (int i = 0; i < 3; i++) {
		mempool_free(e[i], &pool);
		UNTIL(returned == i + 1);
		nap_ms(20);
		CHECK(returned == i + 1 && pool.curr_nr == 0);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], &got[i]);
	CHECK(got[0] != got[1] && got[1] != got[2] && got[0] != got[2]);
	for (int i = 0; i < 3; i++)
		mempool_free(got[i], &pool);
	mempool_exit(&pool);
}

TEST(K43_many_frees_serve_many_sleepers)
{
	void *e[8], *got[8];
	pthread_t t[8];
	long start;

	configure(0, NO_RETRY);
	set_up(8);
	empty_reserve(e, 8);
	c.fail = 1;
	for (int i = 0; i < 8; i++)
		t[i] = start_sleeper(GFP_KERNEL);
	start = now_ms();
	for (int i = 0; i < 8; i++)
		mempool_free(e[i], &pool);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], &got[i]);
	CHECK(now_ms() - start < 30000);
	for (int i = 0; i < 8; i++)
		mempool_free(got[i], &pool);
	CHECK(pool.curr_nr == 8);
	mempool_exit(&pool);
}

static void *ping(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		void *e = mempool_alloc(&pool, GFP_KERNEL);

		CHECK(e != NULL);
		mempool_free(e, &pool);
	}
	return arg;
}

TEST(K33_never_null_under_contention)
{
	pthread_t t[4];

	configure(0, NO_RETRY);
	set_up(2);
	c.fail = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, ping, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 2 && c.frees == 0);
	mempool_exit(&pool);
}

/* Round by round one thread frees the only element while another looks for it. Nothing else would wake
 * the sleeper, so a lost wake-up never ends. */
enum { HAND_OVERS = 20000 };
static atomic_int hand_over;
static void *_Atomic handed;

static void *receiver(void *arg)
{
	for (int i = 1; i <= HAND_OVERS; i++) {
		while (hand_over < i)
			sched_yield();
		atomic_store_explicit(&handed, mempool_alloc(&pool, GFP_KERNEL), memory_order_relaxed);
	}
	return arg;
}

TEST(K44_no_wake_up_is_lost)
{
	pthread_t t;
	void *e[1];

	configure(0, NO_RETRY);
	set_up(1);
	empty_reserve(e, 1);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, receiver, NULL) == 0);
	for (int i = 1; i <= HAND_OVERS; i++) {
		handed = NULL;
		hand_over = i;
		for (volatile int spin = 0; spin < i % 400; spin++)
			;
		mempool_free(e[0], &pool);
		while (!handed)
			sched_yield();
		CHECK(handed == e[0] && pool.curr_nr == 0);
	}
	pthread_join(t, NULL);
	mempool_free(e[0], &pool);
	mempool_exit(&pool);
}

static atomic_int last_one;

static void *free_what_is_published(void *arg)
{
	for (;;) {
		int last = last_one;
		void *e = atomic_load_explicit(&handed, memory_order_relaxed);

		if (e) {
			atomic_store_explicit(&handed, NULL, memory_order_relaxed);
			mempool_free(e, &pool);
		} else if (last) {
			return arg;
		} else {
			sched_yield();
		}
	}
}

TEST(K45_published_elements_find_their_way_back)
{
	pthread_t t;

	set_up(3);
	c.fail = 1;
	CHECK(pthread_create(&t, NULL, free_what_is_published, NULL) == 0);
	for (int i = 0; i < 30000; i++) {
		void *e = mempool_alloc(&pool, GFP_KERNEL);

		while (atomic_load_explicit(&handed, memory_order_relaxed))
			sched_yield();
		atomic_store_explicit(&handed, e, memory_order_relaxed);
	}
	last_one = 1;
	pthread_join(t, NULL);
	CHECK(pool.curr_nr == 3 && c.frees == 0);
	mempool_exit(&pool);
}

static atomic_int moody, calls, succeeded;

static void *moody_alloc(gfp_t gfp, void *data)
{
	(void)gfp;
	(void)data;
	if (moody && calls++ % 3)
		return NULL;
	succeeded++;
	return malloc(32);
}

TEST(K46_elements_are_conserved)
{
	pthread_t t[4];

	configure(0, NO_RETRY);
	CHECK(mempool_init(&pool, 3, moody_alloc, counter_free, &c) == 0 && succeeded == 3);
	moody = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, ping, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(pool.curr_nr == 3 && succeeded > 3 && succeeded < calls);
	CHECK(succeeded == c.frees + pool.min_nr);
	mempool_exit(&pool);
}

TEST_MAIN()
