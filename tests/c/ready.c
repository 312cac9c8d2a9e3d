/* Ready-made callbacks and the pools that use them: contract K69 to K75, K168. */
#include "check.h"

static mempool_t pool;

/* Takes eight elements, more than the reserve, writes all their bytes, gives them back, tears down. */
static void use_bytes(mempool_t *p, size_t bytes, size_t align)
{
	void *e[8];

	CHECK(p && p->curr_nr == p->min_nr);
	for (int i = 0; i < 8; i++) {
		e[i] = i < 4 ? mempool_alloc(p, GFP_KERNEL) : mempool_alloc_preallocated(p);
		if (!e[i])
			continue;
		CHECK((uintptr_t)e[i] % align == 0);
		memset(e[i], i, bytes);
	}
	for (int i = 0; i < 8; i++) {
		CHECK(!e[i] || (*(unsigned char *)e[i] == i && ((unsigned char *)e[i])[bytes - 1] == i));
		mempool_free(e[i], p);
	}
	CHECK(p->curr_nr == p->min_nr);
}

TEST(K69_kmalloc_pools)
{
	mempool_t *p = mempool_create_kmalloc_pool(4, 100);

	CHECK(p && p->pool_data == (void *)100 && p->alloc == mempool_kmalloc && p->free == mempool_kfree);
	use_bytes(p, 100, _Alignof(max_align_t));
	mempool_destroy(p);
	CHECK(mempool_init_kmalloc_pool(&pool, 3, 5000) == 0);
	use_bytes(&pool, 5000, _Alignof(max_align_t));
	mempool_exit(&pool);
}

static void use_blocks(mempool_t *p, unsigned int order)
{
	struct page *e[6];

	for (int i = 0; i < 6; i++) {
		e[i] = i < 4 ? mempool_alloc(p, GFP_KERNEL) : mempool_alloc_preallocated(p);
		CHECK(e[i] && (uintptr_t)page_address(e[i]) % 4096 == 0);
		memset(page_address(e[i]), i, PAGE_SIZE << order);
	}
	for (int i = 0; i < 6; i++) {
		unsigned char *at = page_address(e[i]);

		CHECK(at[0] == i && at[(PAGE_SIZE << order) - 1] == i);
		mempool_free(e[i], p);
	}
}

TEST(K70_K71_page_pools)
{
	for (int order = 0; order < 4; order++) {
		mempool_t *p = mempool_create_page_pool(4, order);

		CHECK(p && p->pool_data == (void *)(long)order && outstanding() == 4ul << order);
		use_blocks(p, (unsigned int)order);
		mempool_destroy(p);
		CHECK(outstanding() == 0);
	}
	CHECK(mempool_init_page_pool(&pool, 2, 0) == 0 && pool.pool_data == NULL);
	use_blocks(&pool, 0);
	mempool_exit(&pool);
	CHECK(mempool_create_page_pool(4, 11) == NULL && mempool_create_page_pool(4, -1) == NULL);
	CHECK(outstanding() == 0);
	check_conserved();
}

static int constructed;

static void ctor(void *object)
{
	*(int *)object = 7;
	constructed++;
}

TEST(K72_slab_pools)
{
	struct kmem_cache *cache = kmem_cache_create("t", 100, 64, 0, NULL);
	mempool_t *p;

	catch_reports();
	CHECK(mempool_init_slab_pool(&pool, 3, cache) == 0 && pool.pool_data == cache);
	CHECK(pool.alloc == mempool_alloc_slab && pool.free == mempool_free_slab);
	use_bytes(&pool, 100, 64);
	mempool_exit(&pool);
	p = mempool_create_slab_pool(2, cache);
	use_bytes(p, 100, 64);
	mempool_destroy(p);
	kmem_cache_destroy(cache);
	CHECK(warns == 0 && bugs == 0);
}

TEST(slab_caches)
{
	struct kmem_cache *cache = kmem_cache_create("s", 200, 0, 0, NULL), *made = kmem_cache_create("c", 40, 8, 0, ctor);
	unsigned char *object;
	void *leaked;

	CHECK(cache && made);
	catch_reports();
	CHECK(kmem_cache_size(cache) == 200 && kmem_cache_size(made) == 40);
	for (int round = 0; round < 3; round++) {
		CHECK((object = kmem_cache_zalloc(cache, GFP_KERNEL)));
		for (int i = 0; i < 200; i++)
			CHECK(object[i] == 0);
		memset(object, 1, 200);
		kmem_cache_free(cache, object);
	}
	object = kmem_cache_alloc(made, GFP_NOWAIT);
	CHECK(object && *(int *)(void *)object == 7 && constructed == 1);
	kmem_cache_free(made, object);
	kmem_cache_free(made, NULL);
	kmem_cache_destroy(made);
	kmem_cache_destroy(NULL);
	CHECK(kmem_cache_create("n", 0, 0, 0, NULL) == NULL && kmem_cache_create("n", 8, 3, 0, NULL) == NULL);
	CHECK(warns == 0 && bugs == 0);
	leaked = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_destroy(cache);
	CHECK(warns == 1 && leaked);
	free(leaked); /* objects of this version come from malloc */
}

TEST(H73_cache_with_a_constructor)
{
	struct kmem_cache *made = kmem_cache_create("c", 100, 0, 0, ctor);

	catch_reports();
	CHECK(mempool_init_slab_pool(&pool, 3, made) == 0 && warns == 1 && bugs == 0);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	CHECK(warns == 1);
	mempool_exit(&pool);
	kmem_cache_destroy(made);
}

TEST(K74_kvmalloc_pools)
{
	mempool_t *p = mempool_create_kvmalloc_pool(2, 1 << 20);

	use_bytes(p, 1 << 20, _Alignof(max_align_t));
	mempool_destroy(p);
	CHECK(mempool_init_kvmalloc_pool(&pool, 2, 5 << 20) == 0);
	use_bytes(&pool, 5 << 20, _Alignof(max_align_t));
	mempool_exit(&pool);
}

TEST(sizes_that_nobody_has)
{
	CHECK(mempool_create_kmalloc_pool(1, ~(size_t)0 >> 1) == NULL);
	CHECK(mempool_init_kvmalloc_pool(&pool, 1, ~(size_t)0 >> 1) == -ENOMEM && !mempool_initialized(&pool));
}

TEST(K75_callbacks_by_address)
{
	static const struct {
		mempool_alloc_t *alloc;
		mempool_free_t *free;
		uintptr_t data;
	} pair[] = {
		{ &mempool_kmalloc, &mempool_kfree, 64 },
		{ &mempool_kvmalloc, &mempool_kvfree, 64 },
		{ &mempool_alloc_pages, &mempool_free_pages, 1 },
		{ &mempool_alloc_slab, &mempool_free_slab, 0 },
	};
	int (*init)(mempool_t *, int, mempool_alloc_t *, mempool_free_t *, void *) = &mempool_init;
	struct kmem_cache *cache = kmem_cache_create("t", 64, 0, 0, NULL);

	CHECK(cache);
	for (int i = 0; i < 4; i++) {
		void *data = pair[i].data ? (void *)pair[i].data : cache;

		CHECK(init(&pool, 2, pair[i].alloc, pair[i].free, data) == 0 && pool.curr_nr == 2);
		mempool_exit(&pool);
	}
	kmem_cache_destroy(cache);
	CHECK(outstanding() == 0);
}

TEST(callbacks_called_directly)
{
	struct kmem_cache *cache = kmem_cache_create("t", 64, 0, 0, NULL);
	struct page *page, *two[2] = { NULL };

	CHECK(cache);
	mempool_kfree(mempool_kmalloc(GFP_KERNEL, (void *)64), (void *)64);
	mempool_kvfree(mempool_kvmalloc(GFP_KERNEL, (void *)64), (void *)64);
	mempool_free_slab(mempool_alloc_slab(GFP_KERNEL, cache), cache);
	kmem_cache_destroy(cache);
	page = mempool_alloc_pages(GFP_KERNEL, (void *)2);
	CHECK(page && outstanding() == 4);
	mempool_free_pages(page, (void *)2);
	CHECK(mempool_bulk_alloc_pages(GFP_KERNEL, 2, NULL, two, NULL, NULL) == 2 && two[0] && two[1]);
	CHECK(mempool_bulk_alloc_pages(GFP_KERNEL, 0, NULL, NULL, NULL, NULL) == 0);
	mempool_bulk_free_page(two[0], NULL);
	mempool_bulk_free_page(two[1], NULL);
	mempool_bulk_free_page(NULL, NULL);
	CHECK(outstanding() == 0);
}

TEST(K168_noprof_twins)
{
	struct page *p[1] = { NULL };
	void *e;

	CHECK(mempool_init_noprof(&pool, 1, mempool_kmalloc, mempool_kfree, (void *)8) == 0);
	e = mempool_alloc_noprof(&pool, GFP_KERNEL);
	mempool_free(e, &pool);
	CHECK(mempool_alloc_bulk_noprof(&pool, &e, 1) == 0);
	mempool_free(e, &pool);
	e = NULL;
	CHECK(mempool_alloc_bulk_noprof(&pool, &e, 1, 0) == 0 && e);
	mempool_free(e, &pool);
	mempool_exit(&pool);
	mempool_destroy(mempool_create_node_noprof(1, mempool_kmalloc, mempool_kfree, (void *)8, GFP_KERNEL, -1));
	CHECK(alloc_pages_bulk_noprof(GFP_KERNEL, -1, NULL, 1, p) == 1);
	__free_page(p[0]);
	__free_pages(alloc_pages_noprof(GFP_KERNEL, 1), 1);
	CHECK(outstanding() == 0);
}

TEST_MAIN()
