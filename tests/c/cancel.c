/* A thread that is to be cancelled: no call of the library is the point where it ends, which could leave a lock held. */
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

static atomic_int calls_returned;
static mempool_t pool;

static void *calls_everything(void *fd)
{
	struct timespec soon = { 0, 1000 };
	struct page *slots[64] = { NULL }, *one;

	pthread_cancel(pthread_self());
	/* Reads the environment and what the system allows, and commits memory. */
	CHECK((one = alloc_page(GFP_KERNEL)) != NULL);
	CHECK(mempool_init_pages_bulk(&pool, 8, NULL, NULL, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		CHECK(mempool_alloc_pages_bulk_array(&pool, GFP_KERNEL, 64, slots));
		mempool_bulk_free_pages(&pool, slots, 64);
		memset(slots, 0, sizeof(slots));
	}
	for (unsigned int order = 0; order <= 10; order++)
		__free_pages(alloc_pages(GFP_KERNEL, order), order);
	/* A WARN and what was asked for, both written. */
	mempool_bulk_set_report_handler(NULL, NULL);
	CHECK(mempool_resize(&pool, -1) == -EINVAL);
	CHECK(mempool_bulk_dump(*(int *)fd) == 0);
	CHECK(mempool_bulk_alloc_pages_timeout(&pool, GFP_KERNEL, 8, slots, &soon) == 0);
	mempool_bulk_free_pages(&pool, slots, 8);
	__free_page(one);
	CHECK(mempool_bulk_trim(0) > 0);
	mempool_exit(&pool);
	calls_returned = 1;
	pthread_testcancel();
	return NULL;
}

static void check_cancelled(void)
{
	int fd = open("/dev/null", O_WRONLY);
	pthread_t t;
	void *end;

	CHECK(pthread_create(&t, NULL, calls_everything, &fd) == 0 && pthread_join(t, &end) == 0);
	CHECK(end == PTHREAD_CANCELED && calls_returned && outstanding() == 0);
	__free_page(alloc_page(GFP_KERNEL));
	check_conserved();
	close(fd);
}

TEST(no_call_is_a_cancellation_point)
{
	check_cancelled();
}

TEST(nor_with_memory_that_can_be_shared)
{
	CHECK(setenv("MEMPOOL_BULK_MEMFD", "1", 1) == 0);
	check_cancelled();
}

static atomic_int stop;

static void *allocates(void *arg)
{
	while (!stop)
		__free_pages(alloc_pages(GFP_KERNEL, 1), 1);
	return arg;
}

/* A fork keeps it waiting. */
TEST(nor_while_another_thread_forks)
{
	pthread_t t;

	for (int i = rounds_to_do(200); i > 0; i--) {
		void *end;

		stop = 0;
		CHECK(pthread_create(&t, NULL, allocates, NULL) == 0);
		sched_yield();
		pthread_cancel(t);
		if (fork() == 0)
			_exit(0);
		stop = 1;
		CHECK(pthread_join(t, &end) == 0 && end == NULL);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	CHECK(outstanding() == 0);
	check_conserved();
}

TEST_MAIN()
