/* Reports without a handler and with one: text to stderr, abort after a BUG, never a lock held. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static mempool_t pool;
static struct counter c;
static char text[4096];

/* Runs `what` in a child; its stderr in `text`, its status as of waitpid. */
static int in_child(void (*what)(void))
{
	struct rlimit no_core = { 0, 0 };
	int fd[2], status;
	size_t have = 0;
	ssize_t n;
	pid_t child;

	CHECK(pipe(fd) == 0 && (child = fork()) >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(fd[1], 2);
		what();
		_exit(0);
	}
	close(fd[1]);
	while (have < sizeof(text) - 1 && (n = read(fd[0], text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	close(fd[0]);
	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

static void free_twice(void)
{
	struct page *p = alloc_page(GFP_KERNEL);

	__free_page(p);
	__free_page(p);
}

static void resize_to_nothing(void)
{
	mempool_resize(&pool, 0);
}

TEST(a_bug_aborts)
{
	int status = in_child(free_twice);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK(strstr(text, "mempool_bulk: BUG: ") && strstr(text, "freed twice"));
}

TEST(a_warning_does_not)
{
	int status = in_child(resize_to_nothing);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(strstr(text, "mempool_bulk: WARN: ") && strstr(text, "mempool_resize"));
}

TEST(null_handler_brings_stderr_back)
{
	int status;

	catch_reports();
	status = in_child(free_twice);
	CHECK(WIFEXITED(status) && text[0] == '\0');
	mempool_bulk_set_report_handler(NULL, NULL);
	status = in_child(free_twice);
	CHECK(WIFSIGNALED(status) && strstr(text, "BUG"));
}

static void *seen_data;

static void remember_data(enum mempool_bulk_report kind, const char *report, void *data)
{
	CHECK(kind == MEMPOOL_BULK_REPORT_BUG && report[0]);
	seen_data = data;
}

TEST(handler_gets_its_data)
{
	mempool_bulk_set_report_handler(remember_data, &pool);
	free_twice();
	CHECK(seen_data == &pool);
}

static int depth;

static void call_the_library(enum mempool_bulk_report kind, const char *report, void *data)
{
	struct page *p[300] = { NULL };

	(void)report;
	on_report(kind, report, data);
	if (depth++)
		return;
	alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 300, p);
	for (int i = 0; i < 300; i++)
		if (p[i])
			__free_page(p[i]);
	if (mempool_initialized(&pool))
		mempool_free(mempool_alloc(&pool, GFP_NOWAIT), &pool);
	mempool_bulk_set_report_handler(call_the_library, NULL);
	depth = 0;
}

TEST(handler_may_use_the_library)
{
	struct page *p = alloc_page(GFP_KERNEL), *block = alloc_pages(GFP_KERNEL, 2);

	mempool_bulk_set_report_handler(call_the_library, NULL);
	CHECK(mempool_init_pages_bulk(&pool, 2, NULL, NULL, NULL) == 0);
	__free_page(p);
	__free_page(p);
	__free_pages(block, 1);
	mempool_free(p, &pool);
	mempool_resize(&pool, -1);
	mempool_alloc(&pool, GFP_KERNEL | __GFP_ZERO);
	CHECK(bugs == 3 && warns == 2);
	mempool_free(mempool_alloc_preallocated(&pool), &pool);
	__free_pages(block, 2);
	mempool_exit(&pool);
	mempool_exit(NULL);
	CHECK(bugs == 4 && outstanding() == 1);
	check_conserved();
}

TEST(a_shared_page_is_not_stored)
{
	struct page *p;

	catch_reports();
	CHECK(mempool_init_page_pool(&pool, 1, 0) == 0);
	p = mempool_alloc_preallocated(&pool);
	get_page(p);
	mempool_free(p, &pool);
	CHECK(warns == 1 && pool.curr_nr == 0 && page_count(p) == 1);
	mempool_free(p, &pool);
	CHECK(warns == 1 && pool.curr_nr == 1 && page_count(p) == 0);
	mempool_exit(&pool);
	CHECK(outstanding() == 0);
}

TEST(failures_of_the_allocator_are_reported_unless_unwanted)
{
	struct page *p[64] = { NULL };

	catch_reports();
	configure(64 * 4096, 0);
	CHECK(alloc_pages_bulk(GFP_KERNEL, 64, p) == 64 && warns == 0);
	CHECK(!alloc_page(GFP_KERNEL | __GFP_NOWARN) && !alloc_page(GFP_NOWAIT) && warns == 0);
	CHECK(!alloc_pages(GFP_KERNEL, 3) && warns == 1 && strstr(last_report, "order 3"));
	CHECK(!alloc_page(GFP_ATOMIC) && warns == 2 && strstr(last_report, "gfp 0x820"));
	for (int i = 0; i < 1000; i++)
		CHECK(!alloc_page(GFP_KERNEL));
	CHECK(warns >= 2 && warns < 100);
	release_pages(p, 64);
	CHECK(mempool_init(&pool, 1, counter_alloc, counter_free, &c) == 0);
	mempool_exit(&pool);
}

TEST_MAIN()
