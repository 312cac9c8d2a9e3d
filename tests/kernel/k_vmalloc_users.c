/* Who uses vmap: threads at once, a process that trims, a child of fork, a file system that compresses. */
#include <linux/mempool.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include "vmalloc.h"

static void *maps_and_unmaps(void *data)
{
	struct page *pages[16];

	take_scattered(pages, 16);
	for (int round = 0; round < 300; round++) {
		unsigned int n = 1 + (unsigned int)round % 16;
		unsigned char *mapped = vm_map_ram(pages, n, NUMA_NO_NODE);

		CHECK(mapped && vmalloc_to_page(mapped + (n - 1) * 4096) == pages[n - 1]);
		memset(mapped, round, n * 4096);
		for (unsigned int i = 0; i < n; i++)
			CHECK(((unsigned char *)page_address(pages[i]))[4095] == (unsigned char)round && is_vmalloc_addr(mapped + i * 4096));
		vm_unmap_ram(mapped, n);
	}
	give(pages, 16);
	return data;
}

TEST(many_threads_map)
{
	pthread_t threads[4];

	start("1");
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, maps_and_unmaps, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(warns == 0 && bugs == 0);
}

/* What is mapped is not free, so no trim takes it. */
TEST(a_trim_leaves_mappings_alone)
{
	struct page *pages[8], **others = kmalloc_array(5000, sizeof(*others), GFP_KERNEL);
	char *mapped;

	start("1");
	memset(others, 0, 5000 * sizeof(*others));
	CHECK(alloc_pages_bulk_array(GFP_KERNEL, 5000, others) == 5000);
	take_scattered(pages, 8);
	mapped = vm_map_ram(pages, 8, NUMA_NO_NODE);
	memset(mapped, 0x21, 8 * 4096);
	give(others, 5000);
	CHECK(mempool_bulk_trim(0) > 0);
	for (int i = 0; i < 8 * 4096; i++)
		CHECK(mapped[i] == 0x21);
	vm_unmap_ram(mapped, 8);
	give(pages, 8);
	kfree(others);
}

/* A child has its parent's mappings, sees through them what the parent sees, and makes its own. */
TEST(mappings_of_a_child)
{
	struct page *pages[4];
	char *mapped, *own;
	int status;

	start("1");
	take_scattered(pages, 4);
	mapped = vm_map_ram(pages, 4, NUMA_NO_NODE);
	CHECK(mapped);
	if (fork() == 0) {
		own = vmap(pages, 4, VM_MAP, PAGE_KERNEL);
		CHECK(own && own != mapped && is_vmalloc_addr(mapped) && vmalloc_to_page(mapped + 4096) == pages[1]);
		strcpy(own + 3 * 4096, "from the child");
		CHECK(strcmp(mapped + 3 * 4096, "from the child") == 0);
		vunmap(own);
		vunmap(mapped);
		CHECK(warns == 0 && bugs == 0);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(is_vmalloc_addr(mapped) && strcmp(mapped + 3 * 4096, "from the child") == 0);
	vunmap(mapped);
	give(pages, 4);
}

/* A cluster of a compressing file system: pages from a pool, wherever they lie; the compressor wants one address
 * for its input and one for its output. */
static unsigned int squeeze(const char *from, unsigned int len, char *to)
{
	unsigned int out = 0;

	for (unsigned int at = 0, run; at < len; at += run) {
		for (run = 1; at + run < len && run < 255 && from[at + run] == from[at];)
			run++;
		to[out++] = (char)run;
		to[out++] = from[at];
	}
	return out;
}

TEST(a_cluster_is_compressed)
{
	struct page *raw[16], *packed[32];
	mempool_t *pool;
	unsigned int len, at = 0;
	char *from, *to;

	start("1");
	pool = mempool_create_page_pool(16, 0);
	take_scattered(packed, 32);
	for (int i = 0; i < 16; i++) {
		raw[15 - i] = mempool_alloc(pool, GFP_NOIO);
		memset_page(raw[15 - i], 0, 'a' + i, PAGE_SIZE);
	}
	from = vm_map_ram(raw, 16, -1);
	to = vm_map_ram(packed, 32, -1);
	CHECK(from && to);
	len = squeeze(from, 16 * 4096, to);
	vm_unmap_ram(from, 16);
	vm_unmap_ram(to, 32);
	for (unsigned int i = 0; i < len; i += 2) { /* unpacked page by page */
		const unsigned char *bytes = kmap_local_page(packed[i / 4096]);

		for (unsigned int n = bytes[i % 4096]; n > 0; n--, at++)
			CHECK(((char *)page_address(raw[at / 4096]))[at % 4096] == bytes[i % 4096 + 1]);
		kunmap_local(bytes);
	}
	CHECK(at == 16 * 4096 && len > 16 * 2 * 16);
	for (int i = 0; i < 16; i++)
		mempool_free(raw[i], pool);
	give(packed, 32);
	mempool_destroy(pool);
	CHECK(warns == 0 && bugs == 0);
}

TEST_MAIN()
