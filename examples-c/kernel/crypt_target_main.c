/*
 * The process around crypt_target.c: a device mapper of one target, a lower device that is a file, and AES
 * from libcrypto. Four threads write files of this machine through the target; what is in the lower
 * file is then decrypted by OpenSSL's own AES-256-XTS and compared, and so is what the target reads back.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dirent.h>
#include <fcntl.h>
#include <openssl/aes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/completion.h>
#include <linux/device-mapper.h>
#include <linux/crypto.h>
#include <linux/kthread.h>

enum { MIB = 1 << 20, WRITERS = 4 };

static struct target_type *target_type;
static struct dm_target target;
static struct bio_set requests;
static char *plain;
static size_t bytes;

static void die(const char *what)
{
	fprintf(stderr, "crypt_target: %s\n", what);
	exit(1);
}

/* The mapper. */
int dm_register_target(struct target_type *type)
{
	target_type = type;
	return 0;
}

void dm_unregister_target(struct target_type *type)
{
	(void)type;
	target_type = NULL;
}

/* The lower device: a file, written and read by two threads of a queue. */
struct lower {
	struct dm_dev dev;
	struct block_device bdev;
	struct workqueue_struct *queue;
	int fd;
};

struct lower_io {
	struct work_struct work;
	struct bio *bio;
};

static void lower_run(struct work_struct *work)
{
	struct lower_io *io = container_of(work, struct lower_io, work);
	struct bio *bio = io->bio;
	struct lower *lower = bio->bi_bdev->bd_private;
	off_t at = (off_t)(bio->bi_iter.bi_sector << SECTOR_SHIFT);
	struct bvec_iter iter;
	struct bio_vec bv;

	free(io);
	bio_for_each_bvec(bv, bio, iter) {
		void *p = bvec_kmap_local(&bv);
		ssize_t n = bio_data_dir(bio) ? pwrite(lower->fd, p, bv.bv_len, at) : pread(lower->fd, p, bv.bv_len, at);

		if (n != (ssize_t)bv.bv_len) {
			bio_io_error(bio);
			return;
		}
		at += n;
	}
	bio_endio(bio);
}

static void lower_submit(struct bio *bio)
{
	struct lower *lower = bio->bi_bdev->bd_private;
	struct lower_io *io = malloc(sizeof(*io));

	if (!io)
		die("no memory");
	INIT_WORK(&io->work, lower_run);
	io->bio = bio;
	queue_work(lower->queue, &io->work);
}

int dm_get_device(struct dm_target *t, const char *path, fmode_t mode, struct dm_dev **result)
{
	struct lower *lower = calloc(1, sizeof(*lower));

	(void)t, (void)mode;
	if (!lower || (lower->fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0) {
		free(lower);
		return -ENODEV;
	}
	lower->queue = alloc_workqueue("lower", 0, 2);
	lower->bdev = (struct block_device){ lower_submit, lower, 0 };
	lower->dev.bdev = &lower->bdev;
	*result = &lower->dev;
	return 0;
}

void dm_put_device(struct dm_target *t, struct dm_dev *dev)
{
	struct lower *lower = container_of(dev, struct lower, dev);

	(void)t;
	destroy_workqueue(lower->queue);
	close(lower->fd);
	free(lower);
}

/* The cipher. */
struct crypto_cipher {
	AES_KEY encrypt, decrypt;
};

struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask)
{
	struct crypto_cipher *tfm = strcmp(name, "aes") == 0 ? malloc(sizeof(*tfm)) : NULL;

	(void)type, (void)mask;
	return tfm ? tfm : ERR_PTR(-ENOENT);
}

void crypto_free_cipher(struct crypto_cipher *tfm)
{
	free(tfm);
}

int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, unsigned int keylen)
{
	const int bits = (int)keylen * 8;

	return AES_set_encrypt_key(key, bits, &tfm->encrypt) || AES_set_decrypt_key(key, bits, &tfm->decrypt) ? -EINVAL : 0;
}

void crypto_cipher_encrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src)
{
	AES_encrypt(src, dst, &tfm->encrypt);
}

void crypto_cipher_decrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src)
{
	AES_decrypt(src, dst, &tfm->decrypt);
}

/* One request of a MiB, with pages of its own, to the target. */
static void done(struct bio *bio)
{
	complete(bio->bi_private);
}

static void transfer(struct page **pages, enum req_op op, size_t at)
{
	DECLARE_COMPLETION_ONSTACK(finished);
	struct bio *bio = bio_alloc_bioset(NULL, BIO_MAX_VECS, op, GFP_NOIO, &requests);

	bio->bi_iter.bi_sector = at >> SECTOR_SHIFT;
	bio->bi_end_io = done;
	bio->bi_private = &finished;
	for (unsigned int i = 0; i < BIO_MAX_VECS; i++)
		if (bio_add_page(bio, pages[i], PAGE_SIZE, 0) != PAGE_SIZE)
			die("a request is full too early");
	if (target_type->map(&target, bio) != DM_MAPIO_SUBMITTED)
		die("the target refused a request");
	wait_for_completion(&finished);
	if (bio->bi_status != BLK_STS_OK)
		die("a request failed");
	bio_put(bio);
}

static struct page *writer_pages[WRITERS][BIO_MAX_VECS];
static atomic_t finished_writers;

/* Writes every fourth MiB, then reads it back and compares. */
static int writer(void *data)
{
	struct page **pages = writer_pages[(size_t)data];

	for (int pass = 0; pass < 2; pass++)
		for (size_t at = (size_t)data * MIB; at < bytes; at += WRITERS * MIB) {
			for (size_t i = 0; i < BIO_MAX_VECS; i++) {
				if (pass == 0)
					memcpy_to_page(pages[i], 0, plain + at + i * PAGE_SIZE, PAGE_SIZE);
				else
					clear_highpage(pages[i]);
			}
			transfer(pages, pass == 0 ? REQ_OP_WRITE : REQ_OP_READ, at);
			for (size_t i = 0; pass == 1 && i < BIO_MAX_VECS; i++)
				if (memcmp(page_address(pages[i]), plain + at + i * PAGE_SIZE, PAGE_SIZE) != 0)
					die("what was read back differs");
		}
	atomic_inc(&finished_writers);
	return 0;
}

static void verify_by_openssl(const char *path, const unsigned char *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char in[512], out[512], tweak[16];
	FILE *f = fopen(path, "rb");
	size_t equal = 0;
	int n;

	if (!f || !ctx || EVP_DecryptInit_ex(ctx, EVP_aes_256_xts(), NULL, key, NULL) != 1)
		die("can't verify");
	for (size_t at = 0; at < bytes; at += sizeof(in)) {
		memset(tweak, 0, sizeof(tweak));
		for (int i = 0; i < 8; i++)
			tweak[i] = (unsigned char)(at / sizeof(in) >> (8 * i));
		if (fread(in, sizeof(in), 1, f) != 1 || EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, tweak) != 1 ||
		    EVP_DecryptUpdate(ctx, out, &n, in, sizeof(in)) != 1 || memcmp(out, plain + at, sizeof(out)) != 0)
			die("the lower device does not hold AES-256-XTS of what was written");
		equal += memcmp(in, plain + at, sizeof(in)) == 0;
	}
	if (equal > 0)
		die("sectors were not encrypted");
	fclose(f);
	EVP_CIPHER_CTX_free(ctx);
}

/* Contents of files below a folder, until there are enough. */
static size_t collect(const char *dir, size_t have)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[4096];
	struct stat st;

	while (d && have < bytes && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			have = collect(path, have);
		} else if (S_ISREG(st.st_mode)) {
			FILE *f = fopen(path, "rb");

			have += f ? fread(plain + have, 1, bytes - have, f) : 0;
			if (f)
				fclose(f);
		}
	}
	if (d)
		closedir(d);
	return have;
}

int main(int argc, char **argv)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = 7 << 20, .node = -1 };
	struct mempool_bulk_stats stats = { .struct_size = sizeof(stats) };
	const char *path = argc > 2 ? argv[2] : "crypt_target.disk";
	unsigned char key[64];
	char hex[129], status[100], limit[] = "768";
	char *arguments[] = { hex, (char *)path, limit };
	int refusals, retries;
	long long held;

	bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) * MIB;
	plain = malloc(bytes);
	if (bytes == 0 || !plain || mempool_bulk_configure(&config) != 0)
		die("usage: crypt_target [MiB [file]]");
	if (collect("/usr/bin", collect("/usr/lib", 0)) < bytes)
		die("not enough files below /usr");
	for (int i = 0; i < 64; i++) {
		key[i] = (unsigned char)(i * 11 + 3);
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	}
	if (bioset_init(&requests, WRITERS, 0, BIOSET_NEED_BVECS) != 0 || !target_type)
		die("no memory");
	if (target_type->ctr(&target, 3, arguments) != 0)
		die(target.error);
	for (int i = 0; i < WRITERS; i++)
		if (alloc_pages_bulk(GFP_KERNEL, BIO_MAX_VECS, writer_pages[i]) != BIO_MAX_VECS)
			die("no pages for the writers");
	for (long i = 0; i < WRITERS; i++)
		if (IS_ERR(kthread_run(writer, (void *)i, "writer/%ld", i)))
			die("no thread");
	while (atomic_read(&finished_writers) < WRITERS)
		schedule_timeout_uninterruptible(1);
	target_type->status(&target, STATUSTYPE_INFO, 0, status, sizeof(status));
	sscanf(status, "%lld %d %d", &held, &refusals, &retries);
	target_type->dtr(&target);
	bioset_exit(&requests);
	for (int i = 0; i < WRITERS; i++)
		release_pages(writer_pages[i], BIO_MAX_VECS);
	verify_by_openssl(path, key);
	mempool_bulk_get_stats(&stats);
	if (stats.pages_outstanding != 0 || held != BIO_MAX_VECS)
		die("pages are missing");
	printf("crypt_target: %zu MiB of files written by %d threads and read back, equal; the lower file decrypted by OpenSSL "
	       "is equal; %d requests were over the limit or short of memory, %d slept; all pages given back\n",
	       bytes / MIB, WRITERS, refusals, retries);
	unlink(path);
	free(plain);
	return 0;
}
