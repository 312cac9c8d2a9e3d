/* Tests of what tools find: each case runs in a process of its own, this program again, under the tool if that is
 * one that runs programs; what it writes and how it ends is looked at. */
#ifndef TOOL_H
#define TOOL_H

#include "../c/check.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char said[1 << 16];
static const char *program;

/* Valgrind as the only tool that is a program. */
static inline void run_case(const char *name)
{
#ifdef TOOL_VALGRIND
	execlp("valgrind", "valgrind", "-q", "--leak-check=full", "--error-exitcode=99", "--fair-sched=yes", program, "--case", name, (char *)NULL);
	_exit(errno == ENOENT ? 77 : 1);
#else
	execl(program, program, "--case", name, (char *)NULL);
	_exit(1);
#endif
}

/* The status of a case; its stderr is in `said`. */
static inline int outcome(const char *name)
{
	struct rlimit no_core = { 0, 0 };
	size_t have = 0;
	ssize_t n;
	int fd[2], status;
	pid_t child;

	CHECK(pipe(fd) == 0 && (child = fork()) >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(fd[1], 2);
		run_case(name);
	}
	close(fd[1]);
	while (have < sizeof(said) - 1 && (n = read(fd[0], said + have, sizeof(said) - 1 - have)) > 0)
		have += (size_t)n;
	said[have] = '\0';
	close(fd[0]);
	CHECK(waitpid(child, &status, 0) == child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		exit(77);
	return status;
}

/* In a case, on the line that is wrong: a report is to name it. */
#define HERE fprintf(stderr, "wrong line %d\n", __LINE__),

static inline void check_said(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "expected: %s; what the tool said:\n%s", what, said);
		exit(1);
	}
}

/* The case ended badly, the report has these words, and names the line of this file. */
static inline void check_found(const char *name, const char *words, const char *file)
{
	const char *at;
	char line[64];
	int status = outcome(name);

	check_said(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "a bad end");
	check_said(strstr(said, words) != NULL, words);
	at = strstr(said, "wrong line ");
	check_said(at != NULL, "a line");
	snprintf(line, sizeof(line), "%s:%d", file, atoi(at + strlen("wrong line ")));
	check_said(strstr(said, line) != NULL, line);
}

static inline void check_clean(const char *name)
{
	int status = outcome(name);

	check_said(WIFEXITED(status) && WEXITSTATUS(status) == 0 && said[0] == '\0', "silence");
}

struct tool_case {
	const char *name;
	void (*run)(void);
};

static inline int tool_main(int argc, char **argv, const struct tool_case *cases)
{
	int ran = 0;

	program = argv[0];
	if (argc > 2 && strcmp(argv[1], "--case") == 0) {
		for (; cases->name; cases++)
			if (strcmp(cases->name, argv[2]) == 0) {
				cases->run();
				return 0;
			}
		return 2;
	}
	for (struct test *t = all_tests; t; t = t->next)
		if (argc < 2 || strcmp(argv[1], t->name) == 0) {
			t->run();
			ran++;
		}
	return ran ? 0 : 2;
}

#endif
