/* The library's handlers of fork, looked at from the middle of them: which functions and signals come there, and which do not. */
#include "fork_pool.h"
#include <sys/mman.h>

/* In the library's own handlers no function of the user's runs: locks that are held around a fork are held still. */
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
	unsigned long floor;
	void *reserve;
	pthread_t t;

	set_up(1);
	CHECK((reserve = mempool_alloc_preallocated(&pool)) != NULL && submit(1, note_done) == 0);
	CHECK(pthread_atfork(lock_around, unlock_around, unlock_around) == 0);
	CHECK(pthread_create(&t, NULL, frees_in_the_middle, NULL) == 0);
	forker = pthread_self();
	floor = free_pages_now();
	in_prepare = let_free;
	if ((forked = fork()) == 0) {
		at_most(20);
		CHECK(!done_in_fork);
		any_call();
		CHECK((done == 1 || free_pages_now() <= floor) && !done_in_fork);
		_exit(0);
	}
	wait_for(forked);
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
	wait_for(forked);
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
	wait_for(forked);
	CHECK(answers == 1);
}

/* A collector of garbage stops all threads by a signal and waits until each has answered, wherever they are. */
static pthread_t stopped[2];
static atomic_int answered, collections, forks_left, go_on;
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
