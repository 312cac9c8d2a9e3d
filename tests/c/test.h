/* The test harness: TEST(name) { CHECK(...); }, one TEST_MAIN() at the end of the file. A program run
 * with a name runs that test, without arguments all of them; each ctest entry is a process. A number
 * after the name is how many rounds a test makes that asks rounds_to_do(). */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};
static struct test *all_tests __attribute__((unused));
static int rounds_asked __attribute__((unused));

#define TEST(test_name)                                                                           \
	static void test_name(void);                                                              \
	__attribute__((constructor)) static void register_##test_name(void)                       \
	{                                                                                         \
		static struct test t = { #test_name, test_name, NULL };                           \
		t.next = all_tests;                                                               \
		all_tests = &t;                                                                   \
	}                                                                                         \
	static void test_name(void)

#define CHECK(cond)                                                                               \
	do {                                                                                      \
		if (!(cond)) {                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                \
			exit(1);                                                                  \
		}                                                                                 \
	} while (0)

#define TEST_MAIN()                                                                               \
	int main(int argc, char **argv)                                                           \
	{                                                                                         \
		int ran = 0;                                                                      \
		rounds_asked = argc > 2 ? atoi(argv[2]) : 0;                                      \
		for (struct test *t = all_tests; t; t = t->next)                                  \
			if (argc < 2 || strcmp(argv[1], t->name) == 0) {                          \
				t->run();                                                         \
				ran++;                                                            \
			}                                                                         \
		return ran ? 0 : 2;                                                               \
	}

#endif
