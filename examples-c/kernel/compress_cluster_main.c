/*
 * The process around compress_cluster.c: compresses files of this machine into one file, reads them back
 * and compares every byte, the second half while there is no page left but the pool's reserve; then damages
 * a byte and sees the reader notice.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/init.h>

enum { CLUSTER = 16 * 4096, FILES_MAX = 4096 };
int cluster_write(struct file *file, struct page **pages, unsigned int bytes, loff_t *pos);
int cluster_read(struct file *file, struct page **pages, loff_t *pos);

static struct page *pages[16], *hoard;
static char *names[FILES_MAX];
static int nr_names;
static size_t wanted, found;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "compress_cluster: %s %s\n", what, name);
	exit(1);
}

static void collect(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[4096];
	struct stat st;

	while (d && found < wanted && nr_names < FILES_MAX && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			collect(path);
		} else if (S_ISREG(st.st_mode) && st.st_size > 0 && access(path, R_OK) == 0) {
			names[nr_names++] = strdup(path);
			found += (size_t)st.st_size;
		}
	}
	if (d)
		closedir(d);
}

/* Before the pool is made, which is when the module is initialised: 8 MiB are soon exhausted. */
static int __init configure(void)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = 8 << 20, .node = -1 };

	return mempool_bulk_configure(&config);
}
early_initcall(configure);

/* All pages that the allocator has, or all back. */
static void exhaust(void)
{
	struct page *page;

	while ((page = alloc_page(GFP_NOWAIT)) || (page = alloc_page(GFP_KERNEL | __GFP_NOWARN))) {
		page->lru.next = (struct list_head *)hoard;
		hoard = page;
	}
}

static void relieve(void)
{
	while (hoard) {
		struct page *page = hoard;

		hoard = (struct page *)page->lru.next;
		__free_page(page);
	}
}

/* Cluster by cluster; the pages on the disk. */
static size_t write_file(struct file *to, const char *name, loff_t *pos)
{
	FILE *f = fopen(name, "rb");
	static char buf[CLUSTER];
	size_t n, blocks = 0;

	if (!f)
		die("can't read", name);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		int rc;

		for (size_t at = 0; at < n; at += PAGE_SIZE)
			memcpy_to_page(pages[at / PAGE_SIZE], 0, buf + at, n - at < PAGE_SIZE ? n - at : PAGE_SIZE);
		rc = cluster_write(to, pages, (unsigned int)n, pos);
		if (rc < 0)
			die("a cluster was not written:", strerror(-rc));
		blocks += (size_t)rc;
	}
	fclose(f);
	return blocks;
}

static size_t verify_file(struct file *from, const char *name, loff_t *pos)
{
	FILE *f = fopen(name, "rb");
	static char buf[CLUSTER];
	size_t n, bytes = 0;

	if (!f)
		die("can't read", name);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		int rc = cluster_read(from, pages, pos);

		if (rc != (int)n)
			die("a cluster of another length than that of", name);
		for (size_t at = 0; at < n; at++)
			if (((char *)page_address(pages[at / PAGE_SIZE]))[at % PAGE_SIZE] != buf[at])
				die("what was read back differs from", name);
		bytes += n;
	}
	fclose(f);
	return bytes;
}

static void damage(struct file *file, loff_t end)
{
	loff_t pos = end / 2 / 4096 * 4096 + 1000, at = pos;
	int errors = 0;
	char byte;

	if (kernel_read(file, &byte, 1, &pos) != 1)
		die("can't damage", "the file");
	byte = (char)(byte ^ 0x40);
	pos = at;
	if (kernel_write(file, &byte, 1, &pos) != 1)
		die("can't damage", "the file");
	for (pos = 0; pos < end;) {
		int rc = cluster_read(file, pages, &pos);

		if (rc == -EBADMSG)
			errors++;
		else if (rc <= 0)
			die("another error than that of the damage:", strerror(-rc));
	}
	if (errors == 0)
		die("a damaged byte", "was not noticed");
}

int main(int argc, char **argv)
{
	struct mempool_bulk_stats stats = { .struct_size = sizeof(stats) };
	const char *path = argc > 2 ? argv[2] : "compress_cluster.data";
	struct file *file = filp_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t blocks = 0, bytes = 0;
	loff_t pos = 0, end;

	wanted = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) << 20;
	if (IS_ERR(file) || alloc_pages_bulk(GFP_KERNEL, 16, pages) != 16)
		die("can't make", path);
	collect("/usr/lib");
	collect("/usr/bin");
	for (int i = 0; i < nr_names; i++) {
		if (i == nr_names / 2)
			exhaust();
		blocks += write_file(file, names[i], &pos);
	}
	end = pos;
	pos = 0;
	for (int i = 0; i < nr_names; i++) {
		bytes += verify_file(file, names[i], &pos);
		if (i == nr_names / 2)
			relieve();
	}
	if (pos != end)
		die("something is left of", path);
	damage(file, end);
	for (int i = 0; i < nr_names; i++)
		free(names[i]);
	release_pages(pages, 16);
	filp_close(file, NULL);
	unlink(path);
	mempool_bulk_get_stats(&stats);
	printf("compress_cluster: %d files, %zu KiB in %zu KiB on the disk; read back, every byte equal, the half of it with "
	       "only the reserve left; a damaged byte is noticed; %llu pages are held, the pool's\n",
	       nr_names, bytes >> 10, blocks * 4, (unsigned long long)stats.pages_outstanding);
	return stats.pages_outstanding == 64 ? 0 : 1;
}
