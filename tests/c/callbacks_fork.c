/* A user's function that forks, while its thread is in the middle of a call that waits: the child goes on with
 * that call, and with the pool. */
#include "check.h"
#include <sys/wait.h>

static mempool_t pool;
static pid_t forked = -1;
static atomic_int go, other_waits;
static char elements[2];
static int made;
static _Thread_local int forks;

static void *takes_fork(gfp_t gfp, void *data)
{
	(void)data;
	if (made < 1)
		return &elements[made++];
	if (!forks || go || !(gfp & __GFP_DIRECT_RECLAIM))
		return NULL;
	go = 1;
	UNTIL(other_waits);
	nap_ms(100);
	forked = fork();
	return &elements[1];
}

static void forget(void *element, void *data)
{
	(void)element;
	(void)data;
}

static void *waits_behind(void *arg)
{
	UNTIL(go);
	other_waits = 1;
	mempool_alloc(&pool, GFP_KERNEL);
	return arg;
}

static unsigned long waiters(void)
{
	struct mempool_bulk_pool_stats s = { .struct_size = sizeof(s) };

	mempool_bulk_get_pool_stats(&pool, &s);
	return (unsigned long)s.waiters;
}

static void *waits_anew(void *got)
{
	*(void *_Atomic *)got = mempool_alloc(&pool, GFP_KERNEL);
	return NULL;
}

static void in_parent(void)
{
	int status;

	CHECK(forked > 0 && waitpid(forked, &status, 0) == forked && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	exit(0); /* the one that waits behind waits on */
}

/* In the child the one that waits behind is gone, the one that forked is not. */
TEST(a_source_that_forks)
{
	void *_Atomic got = NULL;
	void *reserve, *element;
	pthread_t t;

	catch_reports();
	configure(0, NO_RETRY);
	CHECK(mempool_init(&pool, 1, takes_fork, forget, NULL) == 0);
	CHECK((reserve = mempool_alloc_preallocated(&pool)) != NULL);
	CHECK(pthread_create(&t, NULL, waits_behind, NULL) == 0);
	forks = 1;
	element = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(element == &elements[1]);
	if (forked != 0)
		in_parent();
	alarm(60);
	CHECK(waiters() == 0);
	CHECK(pthread_create(&t, NULL, waits_anew, (void *)&got) == 0);
	UNTIL(waiters() == 1);
	mempool_free(reserve, &pool);
	UNTIL(got);
	pthread_join(t, NULL);
	mempool_free(got, &pool);
	mempool_exit(&pool);
	CHECK(bugs == 0);
	_exit(0);
}

static struct page *all[2048];
static int taken;

static unsigned long scan_forks(struct mempool_bulk_shrinker *shrinker, unsigned long nr_pages, gfp_t gfp)
{
	(void)shrinker;
	(void)nr_pages;
	(void)gfp;
	if (forked == -1)
		forked = fork();
	__free_page(all[--taken]);
	return 1;
}

/* Nobody sleeps in the child afterwards: its caches are used, and a trim gives memory back. */
TEST(a_shrinker_that_forks)
{
	struct mempool_bulk_shrinker shrinker = { .scan = scan_forks };
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	struct page *p;

	configure(2048 * PAGE_SIZE, NO_RETRY);
	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	CHECK(mempool_bulk_register_shrinker(&shrinker) == 0);
	CHECK((p = alloc_page(GFP_KERNEL | __GFP_NOFAIL)) != NULL);
	mempool_bulk_unregister_shrinker(&shrinker);
	__free_page(p);
	release_pages(all, taken);
	for (int i = 0; i < 100; i++)
		__free_page(alloc_page(GFP_KERNEL));
	mempool_bulk_get_stats(&s);
	CHECK(s.pages_cached > 0 && s.pages_outstanding == 0);
	CHECK(mempool_bulk_trim(0) > 0);
	check_conserved();
	if (forked != 0)
		in_parent();
	_exit(0);
}

TEST_MAIN()
