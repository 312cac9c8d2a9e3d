/*
 * The process around bounce.c: four threads read and write a disk file opened with O_DIRECT, any number of
 * bytes at any place, from memory at any address. Each has a part of the disk and a copy of what must be
 * there; in the end an ordinary reader sees the same.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>

enum { THREADS = 4, PART = 4 << 20, LONGEST = 700000 };
int bounce_read(struct file *file, void *buf, size_t bytes, loff_t pos);
int bounce_write(struct file *file, const void *buf, size_t bytes, loff_t pos);
extern atomic64_t bounce_pages, bounce_runs;

static struct file *file;
static char *copy;
static int rounds = 150;

static void die(const char *what)
{
	fprintf(stderr, "bounce: %s\n", what);
	exit(1);
}

static unsigned int next(unsigned int *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

static void *worker(void *arg)
{
	const size_t part = (size_t)arg * PART;
	unsigned int random = (unsigned int)part + 12345;
	char *memory = malloc(LONGEST + 4096);

	if (!memory)
		die("no memory");
	for (int i = 0; i < rounds; i++) {
		const size_t bytes = (next(&random) >> 8) % (i % 3 == 0 ? 300 : LONGEST) + 1;
		const size_t at = (next(&random) >> 4) % (PART - bytes);
		char *buf = memory + (next(&random) >> 16) % 4096;

		if (i % 2 == 0) {
			for (size_t j = 0; j < bytes; j++)
				buf[j] = copy[(part + at + j * 7 + (size_t)i) % (THREADS * (size_t)PART)];
			memcpy(copy + part + at, buf, bytes);
			if (bounce_write(file, buf, bytes, (loff_t)(part + at)) != 0)
				die("a write failed");
		} else if (bounce_read(file, buf, bytes, (loff_t)(part + at)) != 0 || memcmp(buf, copy + part + at, bytes) != 0) {
			die("what was read differs");
		}
	}
	free(memory);
	return NULL;
}

/* The disk holds the beginning of a library of this machine, over and over. */
static void fill(const char *path)
{
	FILE *from = fopen("/proc/self/exe", "rb"), *to = fopen(path, "wb");
	size_t n = from ? fread(copy, 1, PART, from) : 0;

	if (n == 0 || !to)
		die("can't make the disk");
	for (size_t have = n; have < THREADS * (size_t)PART; have++)
		copy[have] = copy[have - n];
	if (fwrite(copy, PART, THREADS, to) != THREADS || fclose(to) != 0)
		die("can't make the disk");
	fclose(from);
}

static void verify(const char *path)
{
	char *seen = malloc(THREADS * (size_t)PART);
	FILE *f = fopen(path, "rb");

	if (!seen || !f || fread(seen, PART, THREADS, f) != THREADS || fgetc(f) != EOF)
		die("can't read the disk");
	if (memcmp(seen, copy, THREADS * (size_t)PART) != 0)
		die("an ordinary reader sees something else");
	fclose(f);
	free(seen);
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : "bounce.disk", *direct = "O_DIRECT";
	pthread_t threads[THREADS];

	if (argc > 1)
		rounds = atoi(argv[1]);
	copy = malloc(THREADS * (size_t)PART);
	if (rounds < 1 || !copy)
		die("usage: bounce [rounds [file]]");
	fill(path);
	file = filp_open(path, O_RDWR | O_DIRECT, 0);
	if (IS_ERR(file)) { /* tmpfs and others have no direct I/O */
		direct = "buffered, this file system has no O_DIRECT:";
		file = filp_open(path, O_RDWR, 0);
	}
	if (IS_ERR(file))
		die("can't open the disk");
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)i) != 0)
			die("no thread");
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	filp_close(file, NULL);
	verify(path);
	unlink(path);
	free(copy);
	printf("bounce: %s reads and writes of 1 to %d bytes anywhere by %d threads, %d each, all bytes as they must be; %lld pages "
	       "went in %lld pieces\n",
	       direct, LONGEST, THREADS, rounds, (long long)atomic64_read(&bounce_pages), (long long)atomic64_read(&bounce_runs));
	return 0;
}
