/* RAM or a file; see store.h. */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_RUNS = 256, COPY_BYTES = 512 };
static int fd = -1;
static unsigned char *ram;
static uint64_t disk_bytes;

int store_open_file(const char *path, uint64_t size)
{
	struct stat st;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) != 0)
		return errno;
	if (size > (uint64_t)st.st_size && ftruncate(fd, (off_t)size) != 0)
		return errno;
	disk_bytes = size ? size : (uint64_t)st.st_size;
	return 0;
}

int store_open_ram(uint64_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return errno;
	ram = at;
	disk_bytes = size;
	memset(ram, 0, size);
	return 0;
}

void store_close(void)
{
	if (fd >= 0)
		close(fd);
	if (ram)
		munmap(ram, disk_bytes);
	fd = -1;
	ram = NULL;
}

uint64_t store_size(void)
{
	return disk_bytes;
}

/* The system may take less than it is offered: goes on where it stopped. */
static int write_all(struct iovec *iov, int runs, uint64_t offset)
{
	while (runs) {
		ssize_t n = pwritev(fd, iov, runs, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		offset += (uint64_t)n;
		for (; runs && (size_t)n >= iov->iov_len; iov++, runs--)
			n -= (ssize_t)iov->iov_len;
		if (runs) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* In pieces: long ones processors copy by an instruction of their own, past the cache from which these bytes come, or slower
 * where pages are neighbours. Of this size scattered and neighbouring pages are copied about as fast as either can be. */
static void copy(unsigned char *to, const unsigned char *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += COPY_BYTES)
		memcpy(to + at, from + at, bytes - at < COPY_BYTES ? bytes - at : COPY_BYTES);
}

int store_write(const struct iovec *iov, int runs, uint64_t offset)
{
	struct iovec rest[MOST_RUNS];

	if (!ram) {
		memcpy(rest, iov, (size_t)runs * sizeof(*iov));
		return write_all(rest, runs, offset);
	}
	for (int i = 0; i < runs; offset += iov[i++].iov_len)
		copy(ram + offset, iov[i].iov_base, iov[i].iov_len);
	return 0;
}

int store_read(const unsigned char **data, unsigned char *buffer, size_t bytes, uint64_t offset)
{
	*data = ram ? ram + offset : buffer;
	for (size_t have = 0; !ram && have < bytes;) {
		ssize_t n = pread(fd, buffer + have, bytes - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		have += (size_t)n;
	}
	return 0;
}

/* A file gives the space back where it can. RAM stays with the disk: a later write must not need to ask for it. */
int store_trim(uint64_t bytes, uint64_t offset)
{
	if (ram)
		memset(ram + offset, 0, bytes);
	else if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes) != 0 && errno != EOPNOTSUPP)
		return errno;
	return 0;
}

int store_flush(void)
{
	return ram || fdatasync(fd) == 0 ? 0 : errno;
}
