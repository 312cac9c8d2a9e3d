/* Forks, and what only shows in their handlers or afterwards: threads that are gone had things in hand. Handlers that are
 * registered before the library's own run in the middle of those: the closest look there is. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static mempool_t pool;
static pid_t forked = -1;

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

/* Before the constructors of all libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const register_early_[])(void) = { register_early };

static void at_most(unsigned int seconds)
{
	alarm(under_valgrind() ? seconds * 10 : seconds);
}

static void ends_well(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static struct page *all[4096];
static int taken;

/* A pool of the library's own pages with a full reserve, and no page besides. */
static void set_up_pool(int min_nr)
{
	struct page *p;

	CHECK(mempool_init_pages_bulk(&pool, min_nr, NULL, NULL, NULL) == 0);
	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	CHECK(taken > 2000);
}

static void set_up(int min_nr)
{
	configure(sizeof(all) / sizeof(*all) * PAGE_SIZE, NO_RETRY);
	set_up_pool(min_nr);
}

static void fill_reserve(int n)
{
	while (pool.curr_nr < n)
		mempool_free(all[--taken], &pool);
}

/* A thread that is in the middle of a callback request, with elements set aside, when the process forks. */
enum { MANY = 200 };
static atomic_int in_callback, go_on;

static void stays(struct page *page, void *data)
{
	(void)data;
	in_callback = 1;
	while (!go_on)
		nap_ms(1);
	__free_page(page);
}

static void *calls_back(void *arg)
{
	CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, MANY, stays, NULL));
	return arg;
}

static void counts(struct page *page, void *data)
{
	++*(int *)data;
	mempool_free(page, &pool);
}

/* Another thread is in its callback, and this one has forked: the child can have all that the reserve holds. */
static void check_child_and_end(pthread_t t)
{
	int n = 0;

	if (forked == 0) {
		at_most(20);
		fill_reserve(MANY);
		CHECK(mempool_alloc_pages_bulk_cb(&pool, GFP_KERNEL, MANY, counts, &n) && n == MANY);
		_exit(0);
	}
	ends_well(forked);
	go_on = 1;
	pthread_join(t, NULL);
}

TEST(what_gone_threads_have_set_aside_is_in_nobody_s_way)
{
	pthread_t t;

	set_up(MANY);
	CHECK(pthread_create(&t, NULL, calls_back, NULL) == 0);
	UNTIL(in_callback);
	forked = fork();
	check_child_and_end(t);
}

/* The thread that forks is in a callback itself. In the child its own pages still come; those of others don't. */
static mempool_t second;

static void forks_in_the_middle(struct page *page, void *data)
{
	++*(int *)data;
	if (forked == -1)
		forked = fork();
	__free_page(page);
}

TEST(what_the_one_that_forks_has_set_aside_is_its_own)
{
	struct page *p;
	pthread_t t;
	int own = 0;

	configure(sizeof(all) / sizeof(*all) * PAGE_SIZE, NO_RETRY);
	CHECK(mempool_init_pages_bulk(&second, MANY, NULL, NULL, NULL) == 0);
	set_up_pool(MANY);
	CHECK(pthread_create(&t, NULL, calls_back, NULL) == 0);
	UNTIL(in_callback);
	CHECK(mempool_alloc_pages_bulk_cb(&second, GFP_KERNEL, MANY, forks_in_the_middle, &own) && own == MANY);
	while (forked == 0 && (p = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		all[taken++] = p;
	check_child_and_end(t);
}

static struct mempool_bulk_request request;
static struct page *slots[16];
static atomic_int done;
static pthread_t forker;
static atomic_int in_fork, done_in_fork;

static void note_done(struct mempool_bulk_request *r)
{
	(void)r;
	if (in_fork && pthread_equal(pthread_self(), forker))
		done_in_fork = 1;
	done++;
}

static int submit(unsigned int nr)
{
	request = (struct mempool_bulk_request){ .page_array = slots, .nr = nr, .gfp = GFP_KERNEL, .done = note_done };
	return mempool_bulk_submit(&pool, &request);
}

static void *waits_for_four(void *arg)
{
	static struct page *four[4];

	mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 4, four);
	return arg;
}

/* The oldest, which alone takes what comes, is a thread that the child does not have: now the request is the oldest. */
TEST(the_next_takes_what_comes_when_the_oldest_is_gone)
{
	struct page *reserve[2];
	pthread_t t;

	catch_reports();
	set_up(2);
	for (int i = 0; i < 2; i++)
		CHECK((reserve[i] = mempool_alloc_preallocated(&pool)) != NULL);
	CHECK(pthread_create(&t, NULL, waits_for_four, NULL) == 0);
	UNTIL(pool_waits(&pool) == 1);
	CHECK(submit(3) == 0);
	if ((forked = fork()) == 0) {
		at_most(20);
		mempool_free(reserve[0], &pool);
		mempool_free(reserve[1], &pool);
		mempool_free(all[--taken], &pool);
		CHECK(done == 1);
		_exit(0);
	}
	ends_well(forked);
	exit(0); /* the other waits on */
}

/* Has nothing to do with pages or pools. */
static void any_call(void)
{
	int fd = open("/dev/null", O_WRONLY);

	mempool_bulk_dump(fd);
	close(fd);
}

/* One that gives pages back again and again may be stopped at any point: between a page and the news of it, too. */
static atomic_int pauses, over;
static struct page *_Atomic moving;

static void pause_here(int signal)
{
	(void)signal;
	pauses++;
	for (long begin = now_ms(); !over && now_ms() - begin < 20;)
		;
}

static void *gives_and_takes(void *arg)
{
	while (!go_on) {
		struct page *p;

		__free_page(moving);
		UNTIL(done);
		p = slots[0];
		slots[0] = NULL;
		done = 0;
		CHECK(submit(1) == 0);
		moving = p;
	}
	return arg;
}

TEST(no_news_are_lost_with_a_thread)
{
	struct sigaction action = { .sa_handler = pause_here, .sa_flags = SA_RESTART };
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	unsigned long floor;
	void *reserve;
	pthread_t t;

	set_up(1);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK((reserve = mempool_alloc_preallocated(&pool)) != NULL);
	moving = all[--taken];
	mempool_bulk_get_stats(&s);
	floor = (unsigned long)(s.pages_free + s.pages_cached);
	CHECK(submit(1) == 0);
	CHECK(pthread_create(&t, NULL, gives_and_takes, NULL) == 0);
	for (int i = rounds_to_do(300); i > 0; i--) {
		int before = pauses;

		over = 0;
		CHECK(pthread_kill(t, SIGUSR1) == 0);
		UNTIL(pauses > before);
		if ((forked = fork()) == 0) {
			at_most(20);
			any_call();
			mempool_bulk_get_stats(&s);
			CHECK(slots[0] || done || s.pages_free + s.pages_cached <= floor);
			_exit(0);
		}
		over = 1;
		ends_well(forked);
	}
	go_on = 1;
	pthread_join(t, NULL);
}

/* In the library's own handlers no function of the user's runs: locks that are held around a fork are held still. */
static atomic_int may_free, is_freeing;

static void lock_around(void)
{
	in_fork = 1;
}

static void unlock_around(void)
{
	in_fork = 0;
}

static void *frees_in_the_middle(void *arg)
{
	UNTIL(may_free);
	is_freeing = 1;
	__free_page(all[--taken]);
	return arg;
}

static void let_free(void)
{
	may_free = 1;
	while (!is_freeing)
		nap_ms(1);
	nap_ms(200);
}

TEST(no_function_runs_in_the_handlers)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	unsigned long floor;
	void *reserve;
	pthread_t t;

	set_up(1);
	CHECK((reserve = mempool_alloc_preallocated(&pool)) != NULL && submit(1) == 0);
	CHECK(pthread_atfork(lock_around, unlock_around, unlock_around) == 0);
	CHECK(pthread_create(&t, NULL, frees_in_the_middle, NULL) == 0);
	forker = pthread_self();
	mempool_bulk_get_stats(&s);
	floor = (unsigned long)(s.pages_free + s.pages_cached);
	in_prepare = let_free;
	if ((forked = fork()) == 0) {
		at_most(20);
		CHECK(!done_in_fork);
		any_call();
		mempool_bulk_get_stats(&s);
		CHECK((done == 1 || s.pages_free + s.pages_cached <= floor) && !done_in_fork);
		_exit(0);
	}
	ends_well(forked);
	pthread_join(t, NULL);
	UNTIL(done == 1);
	CHECK(!done_in_fork);
}

/* A signal that comes before a child knows what it may not. */
static struct page *_Atomic handlers_page;
static atomic_int handled;

static void takes_a_page(int signal)
{
	(void)signal;
	handlers_page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
	handled = 1;
}

static void raises(void)
{
	raise(SIGUSR1);
}

TEST(no_handler_comes_before_the_child_knows_what_it_is)
{
	struct sigaction action = { .sa_handler = takes_a_page };
	struct page *p;

	catch_reports();
	CHECK(setenv("MEMPOOL_BULK_MEMFD", "1", 1) == 0);
	CHECK((p = alloc_page(GFP_KERNEL)) != NULL && sigaction(SIGUSR1, &action, NULL) == 0);
	__free_page(p);
	in_child = raises;
	if ((forked = fork()) == 0) {
		at_most(20);
		CHECK(handled && !handlers_page && bugs >= 1);
		_exit(0);
	}
	ends_well(forked);
	CHECK(!handled && bugs == 0);
}

/* What the thread does wrong itself, another's handler may have an answer to: a write barrier, say. */
static char *barrier;
static int answers;

static void lift_barrier(int signal)
{
	(void)signal;
	answers++;
	mprotect(barrier, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void touch(void)
{
	*(volatile char *)barrier = 1;
}

TEST(faults_in_handlers_are_answered)
{
	struct sigaction action = { .sa_handler = lift_barrier };

	__free_page(alloc_page(GFP_KERNEL));
	barrier = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(barrier != MAP_FAILED && sigaction(SIGSEGV, &action, NULL) == 0);
	in_prepare = touch;
	if ((forked = fork()) == 0)
		_exit(0);
	ends_well(forked);
	CHECK(answers == 1);
}

/* A collector of garbage stops all threads by a signal and waits until each has answered, wherever they are. */
static pthread_t stopped[2];
static atomic_int answered, collections, forks_left;
static pid_t whole;

static void stands_still(int signal)
{
	int now = collections;

	(void)signal;
	if (getpid() != whole)
		return;
	answered++;
	while (collections == now)
		nap_ms(0);
}

static void *collects(void *arg)
{
	while (forks_left > 0) {
		answered = 0;
		for (int i = 0; i < 2; i++)
			pthread_kill(stopped[i], SIGUSR1);
		while (answered < 2)
			nap_ms(0);
		collections++;
		nap_ms(1);
	}
	return arg;
}

static void *enters_and_leaves(void *arg)
{
	while (!go_on) /* longer than the collector, which waits for its answer */
		__free_pages(alloc_pages(GFP_KERNEL, 1), 1);
	return arg;
}

TEST(the_world_may_be_stopped_while_it_forks)
{
	struct sigaction action = { .sa_handler = stands_still, .sa_flags = SA_RESTART };
	pthread_t t;

	at_most(60);
	whole = getpid();
	__free_page(alloc_page(GFP_KERNEL));
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	forks_left = rounds_to_do(1000);
	stopped[0] = pthread_self();
	CHECK(pthread_create(&stopped[1], NULL, enters_and_leaves, NULL) == 0);
	CHECK(pthread_create(&t, NULL, collects, NULL) == 0);
	for (; forks_left > 1; forks_left--) {
		if ((forked = fork()) == 0)
			_exit(0);
		while (waitpid(forked, NULL, 0) < 0)
			;
	}
	forks_left = 0;
	pthread_join(t, NULL);
	go_on = 1;
	pthread_join(stopped[1], NULL);
	CHECK(outstanding() == 0);
}

TEST_MAIN()
