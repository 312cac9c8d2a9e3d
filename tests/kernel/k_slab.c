/* kmalloc, kvmalloc and slab caches. */
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../c/test.h"

struct thing {
	int number;
	char name[60];
};

static int constructed;

static void construct(void *object)
{
	struct thing *thing = object;

	thing->number = 42;
	constructed++;
}

TEST(caches_in_all_forms)
{
	struct kmem_cache_args args = { .align = 128, .ctor = construct };
	struct kmem_cache *five = kmem_cache_create("five", sizeof(struct thing), 0, SLAB_HWCACHE_ALIGN, construct);
	struct kmem_cache *four = kmem_cache_create("four", sizeof(struct thing), &args, 0);
	struct kmem_cache *plain = KMEM_CACHE(thing, SLAB_PANIC);
	struct thing *a = kmem_cache_alloc(five, GFP_KERNEL), *b = kmem_cache_alloc(four, GFP_NOWAIT);
	struct thing *c = kmem_cache_zalloc(plain, GFP_KERNEL);

	CHECK(a->number == 42 && b->number == 42 && constructed == 2 && c->number == 0);
	CHECK(IS_ALIGNED((unsigned long)a, 64) && IS_ALIGNED((unsigned long)b, 128));
	CHECK(kmem_cache_size(plain) == sizeof(struct thing));
	kmem_cache_free(five, a);
	kmem_cache_free(four, b);
	kmem_cache_free(plain, c);
	kmem_cache_destroy(five);
	kmem_cache_destroy(four);
	kmem_cache_destroy(plain);
}

static int reports;

static void on_report(enum mempool_bulk_report kind, const char *text, void *data)
{
	(void)kind, (void)text, (void)data;
	reports++;
}

TEST(bulk_of_a_cache_is_all_or_nothing)
{
	struct kmem_cache *cache = KMEM_CACHE(thing, 0);
	struct thing *things[32];

	CHECK(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 32, (void **)things) == 32);
	for (int i = 0; i < 32; i++)
		things[i]->number = i;
	for (int i = 0; i < 32; i++)
		CHECK(things[i]->number == i);
	kmem_cache_free_bulk(cache, 32, (void **)things);
	kmem_cache_destroy(cache);
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	exit(77); /* what follows takes their allocators minutes */
#endif
	void **many = vmalloc(8 << 20);

	mempool_bulk_set_report_handler(on_report, NULL);
	cache = kmem_cache_create("more than there is", 0xfffffff0u, 0, 0, NULL);
	CHECK(cache && kmem_cache_alloc_bulk(cache, GFP_NOWAIT, 1 << 20, many) == 0);
	kmem_cache_destroy(cache); /* would report objects that are still out */
	CHECK(reports == 0);
	vfree(many);
}

TEST(sizes_and_alignment)
{
	void *objects[23];

	for (int i = 0; i < 23; i++) {
		objects[i] = kmalloc(1UL << i, GFP_KERNEL);
		CHECK(objects[i] && IS_ALIGNED((unsigned long)objects[i], 1UL << i) && ksize(objects[i]) >= 1UL << i);
	}
	for (int i = 0; i < 23; i++)
		kfree(objects[i]);
	CHECK(kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR && ksize(ZERO_SIZE_PTR) == 0);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	CHECK(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL) == NULL);
	CHECK(kmalloc_array(1UL << 33, 1UL << 33, GFP_KERNEL) == NULL);
	CHECK(kvmalloc_array(1UL << 33, 1UL << 33, GFP_KERNEL) == NULL);
}

static bool zeros(const void *object, size_t from, size_t to)
{
	return !memchr_inv((const char *)object + from, 0, to - from);
}

TEST(zeroed_memory_is_zero)
{
	for (size_t size = 1; size < 5000; size += 37) {
		char *object = kmalloc(size, GFP_KERNEL);

		memset(object, 0xff, size);
		kfree(object);
		object = kzalloc(size, GFP_KERNEL);
		CHECK(zeros(object, 0, size));
		kfree_sensitive(object);
	}
	long *numbers = kcalloc(100, sizeof(long), GFP_KERNEL);

	CHECK(zeros(numbers, 0, 100 * sizeof(long)));
	kfree(numbers);
}

TEST(krealloc_keeps_and_zeroes)
{
	/* Memory that is dirty to begin with, so that zeros are somebody's work. */
	for (int round = 0; round < 50; round++) {
		char *dirty = kmalloc(500, GFP_KERNEL), *object;

		memset(dirty, 0xee, 500);
		kfree(dirty);
		object = kzalloc(10, GFP_KERNEL);
		memset(object, 1, 10);
		object = krealloc(object, 20, GFP_KERNEL | __GFP_ZERO);
		CHECK(!memchr_inv(object, 1, 10) && zeros(object, 10, 20));
		memset(object, 2, 20);
		object = krealloc(object, 15, GFP_KERNEL | __GFP_ZERO);
		object = krealloc(object, 24, GFP_KERNEL | __GFP_ZERO);
		CHECK(!memchr_inv(object, 2, 15) && zeros(object, 15, 24));
		object = krealloc(object, 500, GFP_KERNEL | __GFP_ZERO);
		CHECK(!memchr_inv(object, 2, 15) && zeros(object, 15, 500));
		CHECK(krealloc(object, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	}
	char *fresh = krealloc(NULL, 30, GFP_KERNEL);

	memset(fresh, 3, 30);
	CHECK(krealloc(fresh, KMALLOC_MAX_SIZE + 1, GFP_KERNEL) == NULL && fresh[29] == 3);
	fresh = krealloc_array(fresh, 64, 2, GFP_KERNEL);
	CHECK(fresh[29] == 3 && IS_ALIGNED((unsigned long)fresh, 128));
	kfree(fresh);
}

TEST(large_pieces_begin_at_pages)
{
	char *a = vmalloc(5000), *b = vzalloc(100), *c = kvmalloc(10 << 20, GFP_KERNEL), *d = kvzalloc(20, GFP_KERNEL);
	char *e = kvcalloc(3, 5000, GFP_KERNEL), *f = kmemdup("text", 5, GFP_KERNEL), *g = kstrdup("more", GFP_KERNEL);

	CHECK(PAGE_ALIGNED(a) && PAGE_ALIGNED(b) && PAGE_ALIGNED(c) && zeros(b, 0, 100) && zeros(d, 0, 20));
	CHECK(zeros(e, 0, 15000) && strcmp(f, "text") == 0 && strcmp(g, "more") == 0);
	memset(c, 1, 10 << 20);
	c = kvrealloc(c, 11 << 20, GFP_KERNEL);
	CHECK(c[(10 << 20) - 1] == 1);
	vfree(a);
	vfree(b);
	kvfree(c);
	kvfree(d);
	kvfree(e);
	kfree(f);
	kfree(g);
	CHECK(vmalloc(0) == NULL);
}

TEST(a_pool_of_a_cache)
{
	struct kmem_cache *cache = KMEM_CACHE(thing, 0);
	mempool_t *pool = mempool_create_slab_pool(3, cache);
	struct thing *thing = mempool_alloc(pool, GFP_NOIO);

	thing->number = 1;
	mempool_free(thing, pool);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

TEST_MAIN()
