/* Requests of event loops: mempool_bulk_submit() and mempool_bulk_cancel(). */
#include "requests.h"

TEST(done_at_once_is_said_by_the_result)
{
	static struct item a;

	set_up(4);
	CHECK(submit(&a, 4, GFP_KERNEL) == 1 && a.pages[3] && !a.pages[4] && pool.curr_nr == 0);
	CHECK(cancel(&a) == -ENOENT && a.done == 0 && c.allocs == 1);
	CHECK(submit(&a, 4, GFP_KERNEL) == 1 && submit(&a, 0, GFP_KERNEL) == 1);
	give_back(&a);
	CHECK(submit(&a, 3, GFP_NOWAIT) == 1 && stats().allocated == 7 && stats().from_reserve == 7);
	give_back(&a);
	mempool_exit(&pool);
	CHECK(bugs == 0 && warns == 0);
}

TEST(a_queued_request_is_completed_by_the_thread_that_frees)
{
	static struct item a;
	void *e[4];

	set_up(4);
	take_all(e, 4);
	CHECK(submit(&a, 3, GFP_KERNEL) == 0 && a.done == 0 && stats().waiters == 1);
	CHECK(c.allocs == 2 && c.masks[0] == 0x92880 && c.masks[1] == 0x92cc0);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	CHECK(a.done == 0 && pool.curr_nr == 2 && a.pages[0] == NULL);
	mempool_free(e[2], &pool);
	CHECK(a.done == 1 && pthread_equal(a.by, pthread_self()) && a.pages[2] && pool.curr_nr == 0);
	CHECK(stats().waiters == 0 && stats().from_reserve == 7 && stats().allocated == 7);
	CHECK(c.allocs == 2 && cancel(&a) == -ENOENT);
	mempool_free(e[3], &pool);
	give_back(&a);
	mempool_exit(&pool);
}

TEST(a_dump_shows_the_pools_that_are_waited_at)
{
	static struct item a;
	char text[4096] = "", line[64];
	void *e[2];
	int fd[2];

	set_up(2);
	take_all(e, 2);
	CHECK(submit(&a, 1, GFP_KERNEL) == 0 && pipe(fd) == 0 && mempool_bulk_dump(fd[1]) == 0);
	snprintf(line, sizeof(line), "pool %p: min_nr 2 curr_nr 0 ", (void *)&pool);
	CHECK(read(fd[0], text, sizeof(text) - 1) > 0 && strstr(text, line) && strstr(text, " waiters 1\n"));
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	give_back(&a);
	memset(text, 0, sizeof(text));
	CHECK(mempool_bulk_dump(fd[1]) == 0 && read(fd[0], text, sizeof(text) - 1) > 0 && !strstr(text, "\npool "));
	mempool_exit(&pool);
}

TEST(each_kind_of_free_completes)
{
	static struct item a;
	struct page *p[2];
	void *e[2];

	set_up(2);
	for (int how = 0; how < 4; how++) {
		take_all(e, 2);
		memcpy(p, e, sizeof(p));
		CHECK(submit(&a, 2, GFP_KERNEL) == 0);
		if (how == 0)
			mempool_bulk_free_pages(&pool, p, 2);
		else if (how == 1)
			CHECK(mempool_free_bulk(&pool, e, 2) == 2);
		else
			c.fail = 0;
		if (how == 2)
			CHECK(mempool_bulk_refill(&pool, GFP_KERNEL) == 4);
		if (how == 3)
			CHECK(mempool_resize(&pool, 3) == 0);
		c.fail = 1;
		CHECK(a.done == how + 1 && a.pages[1]);
		give_back(&a);
		if (how > 1)
			mempool_bulk_free_pages(&pool, p, 2);
	}
	mempool_exit(&pool);
	CHECK(stats().waiters == 0);
}

TEST(a_mask_that_may_not_sleep_is_not_queued)
{
	static struct item a;

	set_up(2);
	c.fail = 0;
	c.fail_after = 1;
	c.allow = 1;
	CHECK(submit(&a, 4, GFP_NOWAIT) == -ENOMEM && stats().waiters == 0);
	CHECK(a.pages[0] && !a.pages[1] && pool.curr_nr == 2 && c.allocs == 2 && cancel(&a) == -ENOENT);
	give_back(&a);
	mempool_exit(&pool);
}

TEST(a_withdrawn_request_does_not_complete)
{
	static struct item a, b;
	void *e[2];

	set_up(2);
	take_all(e, 2);
	CHECK(submit(&a, 2, GFP_KERNEL) == 0 && submit(&b, 2, GFP_KERNEL) == 0 && stats().waiters == 2);
	CHECK(cancel(&a) == 0 && cancel(&a) == -ENOENT && stats().waiters == 1);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	CHECK(a.done == 0 && !a.pages[0] && b.done == 1 && b.pages[1]);
	CHECK(submit(&a, 1, GFP_KERNEL) == 0 && cancel(&a) == 0);
	give_back(&b);
	CHECK(submit(&a, 2, GFP_KERNEL) == 1);
	give_back(&a);
	mempool_exit(&pool);
	CHECK(bugs == 0);
}

TEST(oldest_first_but_nobody_blocks)
{
	static struct item large, one, two;
	void *e[4];

	set_up(4);
	take_all(e, 4);
	CHECK(submit(&large, 4, GFP_KERNEL) == 0 && submit(&one, 1, GFP_KERNEL) == 0 && submit(&two, 1, GFP_KERNEL) == 0);
	mempool_free(e[0], &pool);
	CHECK(one.done == 1 && two.done == 0 && large.done == 0);
	mempool_bulk_free_pages(&pool, (struct page **)e + 1, 3);
	CHECK(two.done == 1 && large.done == 0 && pool.curr_nr == 2);
	give_back(&one);
	give_back(&two);
	CHECK(large.done == 1);
	give_back(&large);
	mempool_exit(&pool);
}

TEST(what_is_kept_for_a_request_nobody_else_may_take)
{
	static struct item large, small;
	void *e[4], *more;
	long start;

	set_up(4);
	take_all(e, 4);
	CHECK(submit(&large, 4, GFP_KERNEL) == 0);
	mempool_free(e[0], &pool);
	for (int i = 0; i < 9; i++) {
		CHECK((e[0] = mempool_alloc_preallocated(&pool)) != NULL);
		mempool_free(e[0], &pool);
	}
	start = now_ms();
	CHECK(mempool_alloc_preallocated(&pool) == NULL && mempool_alloc(&pool, GFP_NOWAIT) == NULL);
	CHECK(submit(&small, 1, GFP_KERNEL) == 0 && cancel(&small) == 0);
	more = mempool_alloc(&pool, GFP_KERNEL);
	CHECK(now_ms() - start > 800 && now_ms() - start < 20000);
	mempool_free(more, &pool);
	CHECK(submit(&small, 1, GFP_KERNEL) == 1 && large.done == 0);
	give_back(&small);
	for (int i = 1; i < 4; i++)
		mempool_free(e[i], &pool);
	CHECK(large.done == 1);
	give_back(&large);
	mempool_exit(&pool);
}

TEST(time_lets_a_younger_request_pass_when_somebody_calls)
{
	static struct item large, small;
	void *e[4];

	set_up(4);
	take_all(e, 4);
	CHECK(submit(&large, 4, GFP_KERNEL) == 0);
	mempool_free(e[0], &pool);
	for (int i = 0; i < 9; i++) {
		CHECK((e[0] = mempool_alloc_preallocated(&pool)) != NULL);
		mempool_free(e[0], &pool);
	}
	CHECK(submit(&small, 1, GFP_KERNEL) == 0);
	nap_ms(1100);
	CHECK(small.done == 0 && mempool_bulk_refill(&pool, GFP_NOWAIT) == 0 && small.done == 1);
	give_back(&small);
	mempool_bulk_free_pages(&pool, (struct page **)e + 1, 3);
	CHECK(large.done == 1);
	give_back(&large);
	mempool_exit(&pool);
}

TEST(more_than_min_nr_takes_what_comes)
{
	static struct item a;
	void *e[2];

	set_up(2);
	take_all(e, 2);
	CHECK(submit(&a, 5, GFP_KERNEL) == 0 && warns == 1);
	for (int i = 0; i < 5; i++) {
		CHECK(a.done == 0);
		mempool_free(i < 2 ? e[i] : malloc(32), &pool);
		CHECK(pool.curr_nr == 0 && a.pages[i]);
	}
	CHECK(a.done == 1 && warns == 1);
	give_back(&a);
	mempool_exit(&pool);
}

TEST(a_shrink_makes_a_request_too_large_and_it_takes_what_comes)
{
	static struct item a;
	void *e[4];

	set_up(4);
	take_all(e, 4);
	mempool_free(e[0], &pool);
	CHECK(submit(&a, 4, GFP_KERNEL) == 0 && a.pages[0] == NULL);
	CHECK(mempool_resize(&pool, 2) == 0 && a.pages[0] && pool.curr_nr == 0);
	for (int i = 1; i < 4; i++)
		mempool_free(e[i], &pool);
	CHECK(a.done == 1 && a.pages[3]);
	give_back(&a);
	mempool_exit(&pool);
}

TEST(a_source_that_recovers_is_asked_by_the_next_who_allocates)
{
	static struct item a;
	void *e[2], *mine;

	set_up(2);
	take_all(e, 2);
	CHECK(submit(&a, 2, GFP_KERNEL) == 0);
	c.fail = 0;
	CHECK((mine = mempool_alloc(&pool, GFP_NOWAIT)) != NULL && a.done == 0);
	mempool_free(e[0], &pool);
	CHECK((e[0] = mempool_alloc(&pool, GFP_NOIO)) != NULL && a.done == 1 && c.masks[3] == 0x92c00);
	mempool_free(e[0], &pool);
	mempool_free(e[1], &pool);
	mempool_free(mine, &pool);
	give_back(&a);
	mempool_exit(&pool);
}

TEST_MAIN()
