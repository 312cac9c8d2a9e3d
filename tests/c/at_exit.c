/* MEMPOOL_BULK_STATS=1: a dump to stderr when the program ends, whatever threads, children and stderr do. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "check.h"

static char said[16384];

/* What a child, which runs body, says on stderr; its wait status. With no reader, nobody listens. */
static int child(void (*body)(void), bool reader)
{
	int ends[2], status;
	size_t n = 0;
	ssize_t got = 1;
	pid_t pid;

	CHECK(pipe(ends) == 0 && (pid = fork()) >= 0);
	if (pid == 0) {
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		body();
		exit(42);
	}
	close(ends[1]);
	if (!reader)
		close(ends[0]);
	while (reader && got > 0 && n < sizeof(said) - 1)
		n += (size_t)((got = read(ends[0], said + n, sizeof(said) - 1 - n)) > 0 ? got : 0);
	said[n] = 0;
	if (reader)
		close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static bool exited(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

static int dumps(void)
{
	int n = 0;

	for (const char *at = said; (at = strstr(at, "at the end of process")) != NULL; at++)
		n++;
	return n;
}

static void use(void)
{
	CHECK(mempool_bulk_version() && alloc_page(GFP_KERNEL));
}

static void nothing(void)
{
}

static void use_in_parent_and_child(void)
{
	use();
	if (fork() == 0)
		exit(0);
	wait(NULL);
}

static void use_without_stderr(void)
{
	use();
	close(2);
}

static void *busy(void *arg)
{
	struct page *pages[300];

	for (;;) {
		memset(pages, 0, sizeof(pages));
		release_pages(pages, (int)alloc_pages_bulk(GFP_KERNEL, 300, pages));
	}
	return arg;
}

/* The sleeper's pool lies in a frame that is no more when the dump runs. */
static void *sleeper(void *pool)
{
	CHECK(mempool_alloc(pool, GFP_NOIO));
	return NULL;
}

static void *none(gfp_t gfp, void *data)
{
	static int one, given;

	(void)gfp;
	(void)data;
	return given++ ? NULL : &one;
}

static void no_free(void *element, void *data)
{
	(void)element;
	(void)data;
}

static __attribute__((noinline)) void sleep_in_a_frame(void)
{
	mempool_t pool;
	pthread_t thread;

	CHECK(mempool_init(&pool, 1, none, no_free, NULL) == 0 && mempool_alloc(&pool, GFP_NOWAIT));
	CHECK(pthread_create(&thread, NULL, sleeper, &pool) == 0);
	UNTIL(pool_waits(&pool) == 1);
}

/* Nobody frees here: a sleeper that is woken looks at its pool. */
static void a_frame_is_no_more(void)
{
	volatile char frame[4096];

	sleep_in_a_frame();
	memset((char *)frame, 0xff, sizeof(frame));
}

static void threads_run(void)
{
	pthread_t thread;

	__free_page(alloc_page(GFP_KERNEL)); /* however slow they are to begin */
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&thread, NULL, busy, NULL) == 0);
	nap_ms(2);
}

TEST(a_dump_at_the_end_if_asked_for)
{
	unsetenv("MEMPOOL_BULK_STATS");
	CHECK(exited(child(use, true)) && !said[0]);
	setenv("MEMPOOL_BULK_STATS", "0", 1);
	CHECK(exited(child(use, true)) && !said[0]);
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	CHECK(exited(child(use, true)) && dumps() == 1 && strstr(said, "outstanding 1\n"));
	CHECK(exited(child(nothing, true)) && !said[0]);
}

TEST(a_bad_value_is_reported)
{
	setenv("MEMPOOL_BULK_STATS", "yes", 1);
	CHECK(exited(child(use, true)) && dumps() == 0 && strstr(said, "WARN: MEMPOOL_BULK_STATS=yes"));
}

TEST(a_child_says_so_itself)
{
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	CHECK(exited(child(use_in_parent_and_child, true)) && dumps() == 2);
}

TEST(nobody_reads_stderr)
{
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	signal(SIGPIPE, SIG_DFL);
	CHECK(exited(child(use, false)));
	CHECK(exited(child(use_without_stderr, true)) && !said[0]);
}

TEST(threads_run_meanwhile)
{
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	for (int i = 0; i < rounds_to_do(100); i++)
		CHECK(exited(child(threads_run, true)) && dumps() == 1);
}

TEST(a_pool_is_waited_at_whose_frame_is_no_more)
{
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	CHECK(exited(child(a_frame_is_no_more, true)) && dumps() == 1);
}

static void run_set_uid(void)
{
	char self[4096], copy[] = "set_uid_XXXXXX";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char command[8400];

	CHECK(n > 0);
	self[n] = 0;
	close(mkstemp(copy));
	snprintf(command, sizeof(command), "cp '%s' %s && chmod 4755 %s", self, copy, copy);
	CHECK(system(command) == 0);
	if (fork() == 0) {
		CHECK(setuid(65534) == 0);
		execl(copy, copy, "use_it", NULL);
		_exit(1);
	}
	wait(NULL);
	unlink(copy);
}

/* For the test below, which runs this one with more rights than its caller has. */
TEST(use_it)
{
	use();
	fprintf(stderr, "used\n");
}

TEST(a_set_uid_program_does_not_listen)
{
	if (geteuid() != 0 || under_valgrind())
		exit(77);
	setenv("MEMPOOL_BULK_STATS", "1", 1);
	CHECK(exited(child(run_set_uid, true)) && dumps() == 0);
	/* The other user may not come as far as the library, or the file system knows no set-uid. */
	if (!strstr(said, "used"))
		exit(77);
}

TEST_MAIN()
