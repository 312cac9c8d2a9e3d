/* A program that does not link the library: threads that used it go on after dlclose, because it stays
 * loaded. The kernel still knows the last restartable section of each. Argument: the library's file. */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

struct page;
static struct page *(*get)(unsigned int gfp);
static void (*put)(struct page *page);
static void *handle;
static int failed;

static void *use_and_live_on(void *arg)
{
	struct timespec ms = { 0, 1000000 };

	put(get(0xcc0));
	if (arg)
		failed = dlclose(handle) != 0;
	for (int i = 0; i < 200; i++) {
		sched_yield();
		nanosleep(&ms, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[4];

	handle = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!handle) {
		fprintf(stderr, "%s\n", argc == 2 ? dlerror() : "usage: unload LIBRARY");
		return 1;
	}
	*(void **)&get = dlsym(handle, "alloc_page");
	*(void **)&put = dlsym(handle, "__free_page");
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, use_and_live_on, i == 0 ? &failed : NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	put(get(0xcc0));
	return failed;
}
