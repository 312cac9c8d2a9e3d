/*
 * An encrypted RAM disk: the write path of a disk encrypter in userspace.
 *
 * Each write needs fresh pages for its ciphertext while other writes hold theirs. They come from a pool
 * in bulk, first without sleeping; if that falls short, the pages obtained go back and the request is
 * made again, allowed to sleep, under a mutex. The sector number is the AES-256-XTS tweak.
 *
 * cc -O2 crypt_disk.c $(pkg-config --cflags --libs mempool_bulk libcrypto) -pthread
 * ./crypt_disk [--mib N] [--rounds N] [--sector 512|4096]
 */
#include <dirent.h>
#include <fcntl.h>
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sector_cipher.h"

enum { PAGE = 4096, PAGES_MAX = 256, POOL_PAGES = 256, MIB = 1 << 20 };
enum mode { SINGLE, BULK_ARRAY, BULK_CB, MALLOC, MODES };
static const char *const mode_name[MODES] = { "one page at a time", "bulk array", "bulk callback", "malloc per write" };

static unsigned char key[SECTOR_KEY_BYTES], *plain, *disk;
static size_t disk_bytes, sector_bytes = PAGE;
static mempool_t pool;
static pthread_mutex_t retry_lock = PTHREAD_MUTEX_INITIALIZER;

/* One write's memory: pages from the pool, or one piece from malloc. */
struct buffer {
	struct page *pages[PAGES_MAX];
	unsigned int nr;
	unsigned char *piece;
};

static void die(const char *what)
{
	fprintf(stderr, "crypt_disk: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void add_page(struct page *page, void *data)
{
	struct buffer *buffer = data;

	buffer->pages[buffer->nr++] = page;
}

static void free_pages_one_by_one(struct buffer *buffer)
{
	while (buffer->nr)
		mempool_free(buffer->pages[--buffer->nr], &pool);
}

/* Without sleeping first; then with, one writer at a time, so that no two sleep holding pages. */
static void alloc_by_callback(struct buffer *buffer, unsigned int nr)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_HIGHMEM;

	if (mempool_alloc_pages_bulk_cb(&pool, gfp, nr, add_page, buffer))
		return;
	free_pages_one_by_one(buffer);
	pthread_mutex_lock(&retry_lock);
	if (!mempool_alloc_pages_bulk_cb(&pool, gfp | __GFP_DIRECT_RECLAIM, nr, add_page, buffer))
		die("a request that may sleep failed");
	pthread_mutex_unlock(&retry_lock);
}

static void buffer_alloc(struct buffer *buffer, enum mode mode, unsigned int nr)
{
	buffer->nr = 0;
	switch (mode) {
	case SINGLE:
		while (buffer->nr < nr)
			add_page(mempool_alloc(&pool, GFP_NOIO), buffer);
		break;
	case BULK_ARRAY:
		memset(buffer->pages, 0, nr * sizeof(*buffer->pages));
		if (!mempool_alloc_pages_bulk_array(&pool, GFP_NOIO, nr, buffer->pages))
			die("a request that may sleep failed");
		buffer->nr = nr;
		break;
	case BULK_CB:
		alloc_by_callback(buffer, nr);
		break;
	default:
		buffer->piece = aligned_alloc(PAGE, (size_t)nr * PAGE);
		if (!buffer->piece)
			die("malloc failed");
	}
}

static void buffer_free(struct buffer *buffer, enum mode mode)
{
	if (mode == MALLOC)
		free(buffer->piece);
	else if (mode == BULK_ARRAY)
		mempool_bulk_free_pages(&pool, buffer->pages, buffer->nr);
	else
		free_pages_one_by_one(buffer);
}

/* One page, sector by sector; offset is its place on the disk. */
static void crypt_page(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t offset)
{
	for (size_t at = 0; at < PAGE; at += sector_bytes)
		if (!sector_cipher_run(ctx, out + at, in + at, sector_bytes, (offset + at) / sector_bytes))
			die("encryption failed");
}

static EVP_CIPHER_CTX *new_cipher(int enc)
{
	EVP_CIPHER_CTX *ctx = sector_cipher_new(key, enc);

	if (!ctx)
		die("no AES-256-XTS");
	return ctx;
}

/* Encrypts a range of the plaintext into fresh pages and sends them to the disk; adds the time spent
 * getting and giving back memory. */
static void write_range(EVP_CIPHER_CTX *ctx, enum mode mode, size_t at, size_t bytes, double *memory_time)
{
	struct buffer buffer;
	unsigned int nr = (unsigned int)(bytes / PAGE);
	double t0 = now(), t1, t2;

	buffer_alloc(&buffer, mode, nr);
	t1 = now();
	for (unsigned int i = 0; i < nr; i++) {
		unsigned char *out = mode == MALLOC ? buffer.piece + (size_t)i * PAGE : page_address(buffer.pages[i]);
		size_t offset = at + (size_t)i * PAGE;

		crypt_page(ctx, out, plain + offset, offset);
		memcpy(disk + offset, out, PAGE);
	}
	t2 = now();
	buffer_free(&buffer, mode);
	*memory_time += t1 - t0 + now() - t2;
}

/* Collects file contents below a directory until the disk is full. */
static size_t collect(const char *dir, size_t have)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[4096];
	struct stat st;

	while (d && have < disk_bytes && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
			continue;
		if (lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			have = collect(path, have);
		} else if (S_ISREG(st.st_mode)) {
			int fd = open(path, O_RDONLY);
			ssize_t n;

			while (fd >= 0 && have < disk_bytes && (n = read(fd, plain + have, disk_bytes - have)) > 0)
				have += (size_t)n;
			if (fd >= 0)
				close(fd);
		}
	}
	if (d)
		closedir(d);
	return have;
}

static void checksum(const unsigned char *data, size_t bytes, unsigned char out[32])
{
	if (EVP_Digest(data, bytes, out, NULL, EVP_sha256(), NULL) != 1)
		die("no SHA-256");
}

/* Reads the whole disk back and compares checksums. */
static void verify(const char *what)
{
	EVP_CIPHER_CTX *ctx = new_cipher(0);
	unsigned char *back = malloc(disk_bytes), a[32], b[32];

	if (!back)
		die("no memory to read back");
	for (size_t at = 0; at < disk_bytes; at += PAGE)
		crypt_page(ctx, back + at, disk + at, at);
	checksum(plain, disk_bytes, a);
	checksum(back, disk_bytes, b);
	if (memcmp(a, b, 32) != 0)
		die("what was read back differs");
	fprintf(stderr, "%s: %zu MiB read back, SHA-256 equal\n", what, disk_bytes / MIB);
	free(back);
	EVP_CIPHER_CTX_free(ctx);
}

/* One sector by hand: XTS made of plain AES-256 blocks and doubling in GF(2^128). */
static void verify_sector_by_hand(uint64_t sector)
{
	EVP_CIPHER_CTX *data_key = EVP_CIPHER_CTX_new(), *tweak_key = EVP_CIPHER_CTX_new();
	unsigned char tweak[16] = { 0 }, block[16];
	const unsigned char *in = plain + sector * sector_bytes, *out = disk + sector * sector_bytes;
	int n;

	EVP_EncryptInit_ex(data_key, EVP_aes_256_ecb(), NULL, key, NULL);
	EVP_EncryptInit_ex(tweak_key, EVP_aes_256_ecb(), NULL, key + 32, NULL);
	for (int i = 0; i < 8; i++)
		tweak[i] = (unsigned char)(sector >> (8 * i));
	EVP_EncryptUpdate(tweak_key, tweak, &n, tweak, 16);
	for (size_t at = 0; at < sector_bytes; at += 16) {
		int carry = 0;

		for (int i = 0; i < 16; i++)
			block[i] = in[at + i] ^ tweak[i];
		EVP_EncryptUpdate(data_key, block, &n, block, 16);
		for (int i = 0; i < 16; i++)
			if ((block[i] ^ tweak[i]) != out[at + i])
				die("a sector differs from the independent computation");
		for (int i = 0; i < 16; i++) {
			int next = tweak[i] >> 7;

			tweak[i] = (unsigned char)(tweak[i] << 1 | carry);
			carry = next;
		}
		tweak[0] ^= carry ? 0x87 : 0;
	}
	EVP_CIPHER_CTX_free(data_key);
	EVP_CIPHER_CTX_free(tweak_key);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All modes interleaved, several rounds; medians. */
static void measure(size_t write_bytes, int rounds)
{
	double rate[MODES][64], share[MODES][64];
	size_t total = write_bytes == MIB ? disk_bytes : disk_bytes / 4 / write_bytes * write_bytes;
	EVP_CIPHER_CTX *ctx = new_cipher(1);

	for (int round = 0; round < rounds; round++)
		for (int mode = 0; mode < MODES; mode++) {
			double memory_time = 0, start = now(), all;

			for (size_t at = 0; at < total; at += write_bytes)
				write_range(ctx, (enum mode)mode, at, write_bytes, &memory_time);
			all = now() - start;
			rate[mode][round] = (double)total / MIB / all;
			share[mode][round] = 100 * memory_time / all;
			fprintf(stderr, "\r%zu KiB writes: round %d of %d, %-20s", write_bytes / 1024, round + 1, rounds, mode_name[mode]);
		}
	fprintf(stderr, "\r%60s\r", "");
	for (int mode = 0; mode < MODES; mode++) {
		qsort(rate[mode], (size_t)rounds, sizeof(double), by_value);
		qsort(share[mode], (size_t)rounds, sizeof(double), by_value);
		printf("%8zu KiB  %-20s %10.0f %16.2f %%\n", write_bytes / 1024, mode_name[mode], rate[mode][rounds / 2],
		       share[mode][rounds / 2]);
	}
	EVP_CIPHER_CTX_free(ctx);
}

static void *writer(void *arg)
{
	size_t first = (size_t)(uintptr_t)arg;
	EVP_CIPHER_CTX *ctx = new_cipher(1);
	double ignored = 0;

	for (size_t at = first * MIB; at < disk_bytes; at += 4 * (size_t)MIB)
		write_range(ctx, BULK_CB, at, MIB, &ignored);
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* Takes every page that the allocator has, then writes the disk with four threads: only the reserve
 * is left, one write's worth. */
static void reserve_only(void)
{
	struct mempool_bulk_pool_stats stats = { .struct_size = sizeof(stats) };
	struct page *hoard = NULL, *page;
	uint64_t before;
	pthread_t t[4];

	while ((page = alloc_page(GFP_NOIO | __GFP_NOWARN))) {
		*(struct page **)page_address(page) = hoard;
		hoard = page;
	}
	memset(disk, 0, disk_bytes);
	mempool_bulk_get_pool_stats(&pool, &stats);
	before = stats.from_reserve;
	for (uintptr_t i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, writer, (void *)i) != 0)
			die("no thread");
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	verify("reserve only");
	mempool_bulk_get_pool_stats(&pool, &stats);
	printf("Page source exhausted: %zu writes of 1 MiB by 4 threads, all correct; %llu pages came from the reserve of %d, "
	       "%llu sleeps\n",
	       disk_bytes / MIB, (unsigned long long)(stats.from_reserve - before), POOL_PAGES, (unsigned long long)stats.waits);
	while ((page = hoard)) {
		hoard = *(struct page **)page_address(page);
		__free_page(page);
	}
}

static void set_up(size_t mib)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = 16 << 20, .node = -1 };
	size_t have = 0, real;

	disk_bytes = mib * MIB;
	plain = malloc(disk_bytes);
	disk = malloc(disk_bytes);
	if (!plain || !disk)
		die("not enough memory for the disk");
	have = collect("/usr/bin", have);
	have = real = collect("/usr/lib", have);
	if (have == 0)
		die("no files to write");
	for (; have < disk_bytes; have++)
		plain[have] = plain[have - real];
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)(i * 7 + 1);
	if (mempool_bulk_configure(&config) != 0 || mempool_init_pages_bulk(&pool, POOL_PAGES, NULL, NULL, NULL) != 0)
		die("no pool");
	memset(disk, 0, disk_bytes);
	fprintf(stderr, "disk of %zu MiB, %zu MiB of them different files of this machine\n", mib, real / MIB);
}

int main(int argc, char **argv)
{
	size_t mib = 256;
	int rounds = 5;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--mib") == 0)
			mib = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--rounds") == 0)
			rounds = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--sector") == 0)
			sector_bytes = strtoul(argv[i + 1], NULL, 10);
		else
			die("usage: crypt_disk [--mib N] [--rounds N] [--sector 512|4096]");
	}
	if (argc % 2 == 0 || mib < 4 || mib > 65536 || rounds < 1 || rounds > 64 ||
	    (sector_bytes != 512 && sector_bytes != PAGE))
		die("usage: crypt_disk [--mib 4...65536] [--rounds 1...64] [--sector 512|4096]");
	set_up(mib);
	printf("%12s  %-20s %10s %18s\n", "write size", "memory", "MiB/s", "time for memory");
	puts("(first touches of memory from malloc count as encryption, not as time for memory)");
	measure(MIB, rounds);
	verify("1 MiB writes");
	measure(PAGE, rounds);
	verify("4 KiB writes");
	verify_sector_by_hand(disk_bytes / sector_bytes - 1);
	fprintf(stderr, "last sector equals XTS computed by hand from AES blocks\n");
	reserve_only();
	mempool_exit(&pool);
	free(plain);
	free(disk);
	return 0;
}
