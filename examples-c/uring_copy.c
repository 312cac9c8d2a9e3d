/*
 * Copies a file by io_uring, 64 requests of 64 KiB in flight, through pages whose memory the kernel knows: the
 * page allocator's region is registered once as a fixed buffer, so no request pins pages again.
 *
 * A request's pages come from mempool_bulk_alloc_runs(); each run of neighbours is read and then written as one.
 * Invariants: the region never grows or shrinks (preallocated up to the limit); a run's pages go back when its write
 * is over; and not before. Knows nothing of what is in the file.
 *
 * cc -O2 uring_copy.c $(pkg-config --cflags --libs mempool_bulk liburing)
 * ./uring_copy FROM TO
 * ./uring_copy --measure [FOLDER]     copies 128 MiB with and without io_uring; exit status 77: no io_uring here
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <mempool_bulk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS = 64, PAGES = 16, RUNS = REQUESTS * PAGES, REQUEST_BYTES = PAGES * 4096, REGIONS = 1 };
static const size_t mib = 1 << 20;

/* One run on its way: first it is read into, then written from. */
struct run {
	struct page *pages[PAGES];
	unsigned int nr;
	char *address;
	off_t offset;
	size_t bytes, done; /* of the file; those that this half of the way is through */
	bool writing;
	struct run *next; /* unused ones */
};

struct copy {
	int from, to;
	off_t size, at; /* at: what was asked for */
	unsigned int in_flight; /* pages */
};

static mempool_t pool;
static struct io_uring ring;
static struct run runs[RUNS], *unused;

static void die(const char *what, int error)
{
	fprintf(stderr, "uring_copy: %s: %s\n", what, strerror(error));
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* All page memory that there will ever be, committed and registered. Exit status 77: not allowed here. */
static void set_up(void)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = 6 * mib, .prealloc_bytes = 6 * mib, .node = -1 };
	struct iovec region[REGIONS];
	int error = io_uring_queue_init(RUNS, &ring, 0);

	if (error == -ENOSYS || error == -EPERM) {
		fprintf(stderr, "uring_copy: io_uring may not be used here: %s\n", strerror(-error));
		exit(77);
	}
	if (error)
		die("io_uring", -error);
	error = mempool_bulk_configure(&config);
	if (error || (error = mempool_init_pages_bulk(&pool, RUNS, NULL, NULL, NULL)))
		die("pool", -error);
	if (mempool_bulk_regions(region, REGIONS) != REGIONS)
		die("the page memory is not in one piece", ENOTSUP);
	error = io_uring_register_buffers(&ring, region, REGIONS);
	if (error)
		die("registering the page memory", -error);
	for (int i = 0; i < RUNS; i++) {
		runs[i].next = unused;
		unused = &runs[i];
	}
}

/* The rest of the half of the way that a run is on. */
static void submit(struct copy *copy, struct run *run)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	unsigned int bytes = (unsigned int)(run->bytes - run->done);

	if (!sqe) /* as many as there can be runs */
		die("the queue is full", EBUSY);
	if (run->writing)
		io_uring_prep_write_fixed(sqe, copy->to, run->address + run->done, bytes, (__u64)(run->offset + (off_t)run->done), 0);
	else
		io_uring_prep_read_fixed(sqe, copy->from, run->address + run->done, bytes, (__u64)(run->offset + (off_t)run->done), 0);
	io_uring_sqe_set_data(sqe, run);
}

static void start_run(struct page *first, unsigned int nr, void *data)
{
	struct copy *copy = data;
	struct run *run = unused;
	off_t left = copy->size - copy->at, bytes = (off_t)nr * 4096;

	unused = run->next;
	for (unsigned int i = 0; i < nr; i++)
		run->pages[i] = first + i;
	run->nr = nr;
	run->address = page_address(first);
	run->offset = copy->at;
	run->bytes = (size_t)(bytes < left ? bytes : left);
	run->done = 0;
	run->writing = false;
	copy->at += (off_t)run->bytes;
	copy->in_flight += nr;
	submit(copy, run);
}

static void end_run(struct copy *copy, struct run *run)
{
	mempool_bulk_free_pages(&pool, run->pages, run->nr);
	copy->in_flight -= run->nr;
	run->next = unused;
	unused = run;
}

/* The system may do less than asked for: then the rest is asked for again. */
static void completed(struct copy *copy, struct run *run, int result)
{
	if (result < 0 && result != -EINTR && result != -EAGAIN)
		die(run->writing ? "write" : "read", -result);
	if (result == 0)
		die("the file became shorter", EIO);
	run->done += result > 0 ? (size_t)result : 0;
	if (run->done < run->bytes) {
		submit(copy, run);
	} else if (!run->writing) {
		run->writing = true;
		run->done = 0;
		submit(copy, run);
	} else {
		end_run(copy, run);
	}
}

/* Waits for one, takes all that have come. */
static void collect(struct copy *copy)
{
	struct io_uring_cqe *cqe;
	unsigned int head, count = 0;
	int error = io_uring_submit_and_wait(&ring, 1);

	if (error < 0 && error != -EINTR)
		die("io_uring", -error);
	io_uring_for_each_cqe(&ring, head, cqe) {
		completed(copy, io_uring_cqe_get_data(cqe), cqe->res);
		count++;
	}
	io_uring_cq_advance(&ring, count);
}

static void copy_by_uring(int from, int to, off_t size)
{
	struct copy copy = { .from = from, .to = to, .size = size };

	while (copy.at < size || copy.in_flight) {
		while (copy.at < size && copy.in_flight <= RUNS - PAGES) {
			off_t pages = (size - copy.at + 4095) / 4096;

			if (!mempool_bulk_alloc_runs(&pool, GFP_NOIO, pages < PAGES ? (unsigned int)pages : PAGES, start_run, &copy))
				die("a request that may sleep failed", ENOMEM);
		}
		collect(&copy);
	}
}

static void copy_plainly(int from, int to, off_t size)
{
	char *buffer = aligned_alloc(4096, REQUEST_BYTES);

	if (!buffer)
		die("buffer", ENOMEM);
	for (off_t at = 0; at < size;) {
		ssize_t n = read(from, buffer, REQUEST_BYTES);

		if (n <= 0)
			die("read", n ? errno : EIO);
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(to, buffer + done, (size_t)(n - done));
			if (m <= 0)
				die("write", m ? errno : EIO);
		}
		at += n;
	}
	free(buffer);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		die(path, errno);
	return fd;
}

static off_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		die("fstat", errno);
	if (!S_ISREG(st.st_mode))
		die("what is to be copied is no regular file", EINVAL);
	return st.st_size;
}

/* So that no write has to make the file longer, one at a time; a wish, some file systems can't. */
static void make_room(int fd, off_t size)
{
	if (size && fallocate(fd, 0, 0, size) != 0 && errno != EOPNOTSUPP)
		die("no room for the copy", errno);
}

static void must_be_equal(int a, int b, off_t size)
{
	void *x = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, a, 0), *y = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, b, 0);

	if (x == MAP_FAILED || y == MAP_FAILED || size_of(b) != size || memcmp(x, y, (size_t)size) != 0)
		die("the copy differs", EIO);
	munmap(x, (size_t)size);
	munmap(y, (size_t)size);
}

/* Through the page cache, or past it where the file system can. */
static void measure(const char *name, void (*way)(int, int, off_t), const char *from_path, const char *to_path, int direct)
{
	int from = open(from_path, O_RDONLY | direct | O_CLOEXEC), to = open(to_path, O_RDWR | O_CREAT | O_TRUNC | direct | O_CLOEXEC, 0644);
	double start;
	off_t size;

	if (from < 0 || to < 0) {
		if (!direct || errno != EINVAL)
			die(to_path, errno);
		return;
	}
	size = size_of(from);
	make_room(to, size);
	start = now();
	way(from, to, size);
	printf("%s%s: %.1f\n", name, direct ? ", O_DIRECT" : "", (double)size / (double)mib / (now() - start));
	must_be_equal(from, to, size);
	close(from);
	close(to);
}

static void measure_all(const char *folder)
{
	char from[4096], to[4096];
	char *block = malloc(mib);
	int fd;

	snprintf(from, sizeof(from), "%s/uring_copy-%d-from", folder, (int)getpid());
	snprintf(to, sizeof(to), "%s/uring_copy-%d-to", folder, (int)getpid());
	fd = open_or_die(from, O_WRONLY | O_CREAT | O_TRUNC);
	for (size_t i = 0; i < 128; i++) {
		memset(block, (int)(i * 7 + 1), mib);
		memcpy(block, &i, sizeof(i));
		if (write(fd, block, mib) != (ssize_t)mib)
			die(from, errno);
	}
	fsync(fd);
	close(fd);
	free(block);
	for (int direct = 0; direct <= O_DIRECT; direct += O_DIRECT) {
		measure("read and write", copy_plainly, from, to, direct);
		measure("io_uring, registered pages", copy_by_uring, from, to, direct);
	}
	unlink(from);
	unlink(to);
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3 || (argc == 2 && strcmp(argv[1], "--measure") != 0)) {
		fprintf(stderr, "usage: uring_copy FROM TO | --measure [FOLDER]\n");
		return 2;
	}
	set_up();
	if (strcmp(argv[1], "--measure") == 0) {
		measure_all(argc == 3 ? argv[2] : "/tmp");
	} else {
		int from = open_or_die(argv[1], O_RDONLY), to = open_or_die(argv[2], O_WRONLY | O_CREAT | O_TRUNC);

		make_room(to, size_of(from));
		copy_by_uring(from, to, size_of(from));
		if (close(to) != 0)
			die(argv[2], errno);
	}
	io_uring_queue_exit(&ring);
	mempool_exit(&pool);
	return 0;
}
