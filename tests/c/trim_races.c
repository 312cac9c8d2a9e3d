/* Trims while others work: threads that are short, queued requests, forks, signal handlers. */
#include "check.h"
#include <sched.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { CHUNK = 512, LIMIT = 6 * CHUNK, EMERGENCY = LIMIT / 128, THREADS = 4, EACH = (LIMIT - EMERGENCY) / THREADS };

static mempool_t pool;
static atomic_int stop;
static atomic_uint_fast64_t trimmed;

static uint64_t decommits(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_stats(&s);
	return s.decommits;
}

/* Up to its share of the limit: there are always enough pages, or memory for them. */
static void *take_a_share(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg, n;
	struct page *p[EACH];

	while (!stop) {
		seed = seed * 1103515245u + 12345u;
		n = seed / 65536 % 8 ? seed / 65536 % 64 : EACH;
		memset(p, 0, sizeof(p));
		if (seed & 0x8000) {
			for (unsigned int i = 0; i < n; i++)
				CHECK((p[i] = alloc_page(GFP_KERNEL)));
		} else {
			CHECK(alloc_pages_bulk(GFP_KERNEL, n, p) == n);
		}
		for (unsigned int i = 0; i < n; i++)
			*(uintptr_t *)page_address(p[i]) = (uintptr_t)arg;
		sched_yield();
		for (unsigned int i = 0; i < n; i++)
			CHECK(*(uintptr_t *)page_address(p[i]) == (uintptr_t)arg);
		release_pages(p, (int)n);
	}
	return NULL;
}

static void *trim_on(void *arg)
{
	while (!stop) {
		trimmed += mempool_bulk_trim(0);
		sched_yield();
	}
	return arg;
}

static void *look_on(void *arg)
{
	struct iovec r[8];

	while (!stop) {
		int n = mempool_bulk_regions(r, 8);

		CHECK(n >= 0 && n <= 4);
		for (int i = 1; i < n; i++)
			CHECK((char *)r[i - 1].iov_base + r[i - 1].iov_len < (char *)r[i].iov_base);
		nap_ms(1);
	}
	return arg;
}

static void start(pthread_t *t, void *(*run)(void *), int n)
{
	for (uintptr_t i = 0; i < (uintptr_t)n; i++)
		CHECK(pthread_create(&t[i], NULL, run, (void *)(i + 1)) == 0);
}

static void join(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* Two trim all the time, and nobody misses a page. */
TEST(nobody_who_may_sleep_is_refused)
{
	pthread_t t[THREADS + 3];

	catch_reports();
	configure(LIMIT * 4096, NO_RETRY);
	start(t, take_a_share, THREADS);
	start(t + THREADS, trim_on, 2);
	start(t + THREADS + 2, look_on, 1);
	UNTIL(trimmed > (uint64_t)rounds_to_do(3000) * CHUNK * 4096);
	stop = 1;
	join(t, THREADS + 3);
	CHECK(warns == 0 && bugs == 0 && outstanding() == 0 && decommits() * CHUNK * 4096 == trimmed);
	check_conserved();
}

static void *sleep_for_blocks(void *arg)
{
	while (!stop) {
		struct page *p[EACH] = { NULL }, *block = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 9);

		memset(page_address(block), 1, CHUNK * 4096);
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 32, p));
		__free_pages(block, 9);
		mempool_bulk_free_pages(&pool, p, 32);
		nap_ms((long)(uintptr_t)arg);
	}
	return arg;
}

/* Often more than there is: sleepers must hear of everything, without ever looking by themselves. */
TEST(sleepers_lose_nothing_to_a_trim)
{
	enum { SLEEPERS = 8 };
	pthread_t t[SLEEPERS + 1];
	uint64_t enough = (uint64_t)rounds_to_do(300) * CHUNK * 4096;

	configure(LIMIT * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 32, NULL, NULL, NULL) == 0);
	start(t, sleep_for_blocks, SLEEPERS);
	start(t + SLEEPERS, trim_on, 1);
	for (long begin = now_ms(); trimmed < enough && now_ms() - begin < 5000;)
		nap_ms(1);
	stop = 1;
	join(t, SLEEPERS + 1);
	mempool_exit(&pool);
	CHECK(outstanding() == 0 && trimmed > 0);
	check_conserved();
}

static atomic_int completed, go, trims_done;
static struct page *all[LIMIT];
static unsigned long n_all;

static void on_done(struct mempool_bulk_request *request)
{
	(void)request;
	completed++;
}

/* Frees all, trims it away, and then is quiet. */
static void *free_and_trim(void *arg)
{
	int rounds = *(int *)arg;

	for (int i = 1; i <= rounds; i++) {
		while (go < i)
			;
		for (int spin = i % 64 * 20; spin > 0; spin--)
			atomic_signal_fence(memory_order_seq_cst);
		release_pages(all, (int)n_all);
		mempool_bulk_trim(0);
		trims_done = i;
	}
	return NULL;
}

/* A request that is queued while a trim takes the last free pages away is completed all the same. */
TEST(queued_requests_lose_nothing_to_a_trim)
{
	static struct page *p[600];
	struct mempool_bulk_request r;
	int rounds = rounds_to_do(300);
	pthread_t t;

	configure(LIMIT * 4096, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&pool, 600, NULL, NULL, NULL) == 0);
	CHECK(pthread_create(&t, NULL, free_and_trim, &rounds) == 0);
	for (int i = 1; i <= rounds; i++) {
		struct page *element[600] = { NULL };

		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 600, element));
		memset(all, 0, sizeof(all));
		n_all = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, LIMIT - EMERGENCY - 1200, all);
		memset(p, 0, sizeof(p));
		memset(&r, 0, sizeof(r));
		r.page_array = p;
		r.nr = 600;
		r.gfp = GFP_KERNEL;
		r.done = on_done;
		while (pool.curr_nr > 0)
			CHECK((all[n_all++] = mempool_alloc_preallocated(&pool)));
		go = i;
		if (mempool_bulk_submit(&pool, &r) == 1)
			completed++;
		UNTIL(completed == i && trims_done == i);
		CHECK(p[599]);
		mempool_bulk_free_pages(&pool, p, 600);
		mempool_bulk_free_pages(&pool, element, 600);
	}
	pthread_join(t, NULL);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
	check_conserved();
}

static void child(struct page *mine)
{
	struct page *p[EACH] = { NULL };

	alarm(20);
	CHECK(alloc_pages_bulk(GFP_KERNEL, EACH, p) == EACH);
	for (int i = 0; i < EACH; i++)
		memset(page_address(p[i]), i, PAGE_SIZE);
	release_pages(p, EACH);
	mempool_bulk_trim(0);
	CHECK(*(int *)page_address(mine) == 4711);
	CHECK(alloc_pages_bulk(GFP_KERNEL, EACH, p) == EACH);
	check_conserved_but(true);
	_exit(0);
}

/* The child has whole chunks and holes only, and gives back its own memory, not the parent's. */
TEST(fork_while_others_trim)
{
	struct page *mine;
	pthread_t t[3];

	configure(2 * LIMIT * 4096, 50); /* what others hold is lost in the child */
	mine = alloc_page(GFP_KERNEL);
	*(int *)page_address(mine) = 4711;
	start(t, take_a_share, 2);
	start(t + 2, trim_on, 1);
	for (int i = 0; i < rounds_to_do(200); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child(mine);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	stop = 1;
	join(t, 3);
	CHECK(*(int *)page_address(mine) == 4711);
	__free_page(mine);
	CHECK(outstanding() == 0);
	check_conserved();
}

static atomic_int hits, handled;
static struct page *kept[16];

/* Allocates and frees without sleeping, and keeps a few from one signal to the next. */
static void on_signal(int sig)
{
	int i = ++handled % 16;
	struct page *page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);

	(void)sig;
	if (page) {
		*(int *)page_address(page) = i;
		hits++;
	}
	if (kept[i])
		__free_page(kept[i]);
	kept[i] = page;
}

static void *shoot(void *arg)
{
	while (!stop) {
		int before = handled;

		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		while (!stop && handled == before)
			sched_yield();
	}
	return NULL;
}

TEST(a_signal_handler_interrupts_a_trim)
{
	struct page *p[EACH] = { NULL };
	pthread_t me = pthread_self(), t;

	configure(LIMIT * 4096, NO_RETRY);
	catch_reports();
	__free_page(alloc_page(GFP_KERNEL)); /* a handler must not be the first to come */
	CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
	CHECK(pthread_create(&t, NULL, shoot, &me) == 0);
	for (long begin = now_ms(); (handled < rounds_to_do(1000) || !hits) && now_ms() - begin < 20000;) {
		CHECK(alloc_pages_bulk(GFP_KERNEL, EACH, p) == EACH);
		release_pages(p, EACH);
		memset(p, 0, sizeof(p));
		mempool_bulk_trim(0);
	}
	stop = 1;
	pthread_join(t, NULL);
	CHECK(hits > 0 && bugs == 0 && decommits() > 0);
	release_pages(kept, 16);
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
