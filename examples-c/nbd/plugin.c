/*
 * nbdkit plugin mempool-crypt: serves an encrypted disk, in RAM or in a file, as a disk encrypter in the kernel
 * would. Many requests run at once; each write takes fresh pages for its ciphertext, since it may not change
 * the plaintext, and gives them back when the disk has it. Whatever happens to the client, they come back.
 *
 * Here are only nbdkit's callbacks and the path of a request; memory.c, store.c, ciphers.c and settings.c know the rest.
 *
 * nbdkit -U disk.sock ./nbdkit-mempool-crypt-plugin.so size=1G key=+key.hex
 */
#define NBDKIT_API_VERSION 2
#include <errno.h>
#include <nbdkit-plugin.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ciphers.h"
#include "memory.h"
#include "settings.h"
#include "store.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

static _Atomic uint64_t writes, written, memory_ns, write_ns;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void count_write(size_t bytes, uint64_t in_all, uint64_t for_memory)
{
	atomic_fetch_add_explicit(&writes, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&written, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&write_ns, in_all, memory_order_relaxed);
	atomic_fetch_add_explicit(&memory_ns, for_memory, memory_order_relaxed);
}

static int fail(const char *what, int error)
{
	nbdkit_error("%s: %s", what, strerror(error));
	nbdkit_set_error(error);
	return -1;
}

/* Sector by sector into the runs. plain == NULL: zeros. */
static int encrypt(struct cipher *cipher, const struct iovec *iov, int runs, const unsigned char *plain, uint64_t offset)
{
	static const unsigned char zeros[4096];

	for (int i = 0; i < runs; i++)
		for (size_t at = 0; at < iov[i].iov_len; at += settings.sector) {
			unsigned char *out = (unsigned char *)iov[i].iov_base + at;

			if (!sector_cipher_run(cipher->encrypt, out, plain ? plain : zeros, settings.sector, offset / settings.sector))
				return EIO;
			plain = plain ? plain + settings.sector : NULL;
			offset += settings.sector;
		}
	return 0;
}

/* As much as one set of pages holds. */
static int write_piece(struct cipher *cipher, const unsigned char *plain, size_t bytes, uint64_t offset)
{
	struct memory memory;
	struct iovec iov[MEMORY_MAX_PAGES];
	uint64_t t0 = now_ns(), t1, t2, t3;
	int runs, error = -memory_get(&memory, (unsigned int)((bytes + MEMORY_PAGE_BYTES - 1) / MEMORY_PAGE_BYTES));

	if (error)
		return error;
	t1 = now_ns();
	runs = memory_iovec(&memory, bytes, iov);
	error = encrypt(cipher, iov, runs, plain, offset);
	if (!error)
		error = store_write(iov, runs, offset);
	if (settings.delay_ms)
		nbdkit_nanosleep(settings.delay_ms / 1000, settings.delay_ms % 1000 * 1000000);
	t2 = now_ns();
	memory_put(&memory);
	t3 = now_ns();
	count_write(bytes, t3 - t0, t1 - t0 + t3 - t2);
	return error;
}

static size_t most_at_once(void)
{
	unsigned int pages = settings.pool_pages < MEMORY_MAX_PAGES ? settings.pool_pages : MEMORY_MAX_PAGES;

	return (size_t)pages * MEMORY_PAGE_BYTES;
}

/* plain == NULL: zeros. */
static int write_all(const unsigned char *plain, uint64_t bytes, uint64_t offset)
{
	struct cipher *cipher = cipher_take();
	int error = cipher ? 0 : ENOMEM;

	while (bytes && !error) {
		size_t piece = bytes < most_at_once() ? (size_t)bytes : most_at_once();

		error = write_piece(cipher, plain, piece, offset);
		plain = plain ? plain + piece : NULL;
		offset += piece;
		bytes -= piece;
	}
	if (cipher)
		cipher_give(cipher);
	return error ? fail("write", error) : 0;
}

static int read_all(unsigned char *plain, size_t bytes, uint64_t offset)
{
	const unsigned char *data;
	int error = store_read(&data, plain, bytes, offset);
	struct cipher *cipher = error ? NULL : cipher_take();

	if (!error && !cipher)
		error = ENOMEM;
	for (size_t at = 0; at < bytes && !error; at += settings.sector)
		if (!sector_cipher_run(cipher->decrypt, plain + at, data + at, settings.sector, (offset + at) / settings.sector))
			error = EIO;
	if (cipher)
		cipher_give(cipher);
	return error ? fail("read", error) : 0;
}

static bool whole_sectors(uint64_t bytes, uint64_t offset)
{
	return (bytes | offset) % settings.sector == 0;
}

static int crypt_pread(void *handle, void *buffer, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	(void)handle, (void)flags;
	return whole_sectors(bytes, offset) ? read_all(buffer, bytes, offset) : fail("read of parts of sectors", EINVAL);
}

static int crypt_pwrite(void *handle, const void *buffer, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	(void)handle, (void)flags;
	return whole_sectors(bytes, offset) ? write_all(buffer, bytes, offset) : fail("write of parts of sectors", EINVAL);
}

static int crypt_zero(void *handle, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	(void)handle, (void)flags;
	return whole_sectors(bytes, offset) ? write_all(NULL, bytes, offset) : fail("zero of parts of sectors", EINVAL);
}

/* A wish: sectors that are meant only in part are left alone. What is trimmed reads as noise. */
static int crypt_trim(void *handle, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	uint64_t sector = settings.sector, start = (offset + sector - 1) / sector * sector, end = (offset + bytes) / sector * sector;
	int error = start < end ? store_trim(end - start, start) : 0;

	(void)handle, (void)flags;
	return error ? fail("trim", error) : 0;
}

static int crypt_flush(void *handle, uint32_t flags)
{
	int error = store_flush();

	(void)handle, (void)flags;
	return error ? fail("flush", error) : 0;
}

static int64_t crypt_size(void *handle)
{
	(void)handle;
	return (int64_t)store_size();
}

static int crypt_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
	(void)handle;
	*minimum = (uint32_t)settings.sector;
	*preferred = 4096;
	*maximum = 32 << 20;
	return 0;
}

/* What one connection wrote all others read at once. */
static int crypt_multi_conn(void *handle)
{
	(void)handle;
	return 1;
}

static void *crypt_open(int readonly)
{
	(void)readonly;
	return NBDKIT_HANDLE_NOT_NEEDED;
}

/* Before nbdkit goes into the background: whoever started it hears of a file that can't be had. */
static int crypt_get_ready(void)
{
	int error = settings.file ? store_open_file(settings.file, settings.size) : 0;
	uint64_t size = settings.file ? store_size() : settings.size;

	if (error)
		return fail(settings.file, error);
	if (size == 0 || size % settings.sector)
		return fail("size is no multiple of the sector", EINVAL);
	return 0;
}

/* After it: memory that is committed before a fork would be there twice. */
static int crypt_after_fork(void)
{
	int error = settings.file ? 0 : store_open_ram(settings.size);

	if (error)
		return fail("RAM disk", error);
	error = -memory_setup(settings.pool_pages, settings.limit);
	if (error)
		return fail("pool", error);
	return ciphers_setup(settings.key) ? 0 : fail("AES-256-XTS", ENOMEM);
}

static void report(const struct mempool_bulk_pool_stats *pool, uint64_t lost)
{
	FILE *f = fopen(settings.report, "w");

	if (!f) {
		fail(settings.report, errno);
		return;
	}
	fprintf(f, "writes %llu\nbytes %llu\nwrite_ns %llu\nmemory_ns %llu\n", (unsigned long long)writes, (unsigned long long)written,
		(unsigned long long)write_ns, (unsigned long long)memory_ns);
	fprintf(f, "pages_got %llu\npages_given_back %llu\nfrom_reserve %llu\nwaits %llu\npages_lost %llu\n", (unsigned long long)pool->allocated,
		(unsigned long long)pool->freed, (unsigned long long)pool->from_reserve, (unsigned long long)pool->waits,
		(unsigned long long)lost);
	fclose(f);
}

/* No request runs any more. */
static void crypt_unload(void)
{
	struct mempool_bulk_pool_stats pool = memory_stats();
	uint64_t lost = memory_exit();

	if (settings.report)
		report(&pool, lost);
	ciphers_exit();
	store_close();
	settings_free();
}

static struct nbdkit_plugin plugin = {
	.name = "mempool-crypt",
	.longname = "an encrypted disk on pools of pages",
	.config = settings_config,
	.config_complete = settings_complete,
	.config_help = settings_help,
	.get_ready = crypt_get_ready,
	.after_fork = crypt_after_fork,
	.unload = crypt_unload,
	.open = crypt_open,
	.get_size = crypt_size,
	.block_size = crypt_block_size,
	.can_multi_conn = crypt_multi_conn,
	.pread = crypt_pread,
	.pwrite = crypt_pwrite,
	.zero = crypt_zero,
	.trim = crypt_trim,
	.flush = crypt_flush,
	.errno_is_preserved = 0,
};

NBDKIT_REGISTER_PLUGIN(plugin)
