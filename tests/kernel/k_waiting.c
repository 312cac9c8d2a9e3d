/* Waiting that really sleeps and really wakes: queues, completions, page locks, threads. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include "../c/test.h"

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DEFINE_SPINLOCK(lock);
static int turn, passed, done;

static atomic_t arrived, woken;

static int until_stopped(void)
{
	atomic_inc(&arrived);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 3;
}

/* A thread that is stopped before it ran never runs, so its arrival is waited for. */
static void stop_all(struct task_struct **tasks, int n)
{
	while (atomic_read(&arrived) < n)
		msleep(1);
	atomic_set(&arrived, 0);
	while (n > 0)
		CHECK(kthread_stop(tasks[--n]) == 3);
}

/* Two threads, one turn each: a wake-up that is lost hangs them. */
static int take_turns(void *data)
{
	const int me = (int)(long)data;

	for (int i = 0; i < 5000; i++) {
		wait_event(queue, READ_ONCE(turn) % 2 == me);
		WRITE_ONCE(turn, READ_ONCE(turn) + 1);
		wake_up(&queue);
	}
	return until_stopped();
}

TEST(no_wake_up_is_lost)
{
	struct task_struct *tasks[] = { kthread_run(take_turns, (void *)0L, "a"), kthread_run(take_turns, (void *)1L, "b") };

	wait_event(queue, READ_ONCE(turn) == 10000);
	stop_all(tasks, 2);
	CHECK(!waitqueue_active(&queue));
}

static int by_hand(void *data)
{
	DEFINE_WAIT(wait);

	(void)data;
	for (;;) {
		prepare_to_wait(&queue, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(done))
			break;
		schedule();
	}
	finish_wait(&queue, &wait);
	spin_lock(&lock);
	wait_event_lock_irq(queue, turn == 1, lock);
	passed++;
	spin_unlock(&lock);
	return until_stopped();
}

TEST(prepare_schedule_finish_and_with_a_lock)
{
	struct task_struct *task = kthread_run(by_hand, NULL, "by hand");

	msleep(10);
	WRITE_ONCE(done, 1);
	wake_up_all(&queue);
	msleep(10);
	spin_lock(&lock);
	CHECK(passed == 0);
	turn = 1;
	spin_unlock(&lock);
	wake_up(&queue);
	stop_all(&task, 1);
	CHECK(passed == 1);
}

static int exclusive(void *data)
{
	DEFINE_WAIT(wait);

	(void)data;
	prepare_to_wait_exclusive(&queue, &wait, TASK_UNINTERRUPTIBLE);
	schedule();
	atomic_inc(&woken);
	finish_wait(&queue, &wait);
	return until_stopped();
}

TEST(exclusive_waiters_are_woken_one_by_one)
{
	struct task_struct *tasks[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = kthread_run(exclusive, NULL, "x%d", i);
	for (int waiting = 0; waiting < 3;) {
		struct wait_queue_entry *entry;

		waiting = 0;
		spin_lock(&queue.lock);
		list_for_each_entry(entry, &queue.head, entry)
			waiting++;
		spin_unlock(&queue.lock);
	}
	for (int i = 1; i <= 3; i++) {
		wake_up(&queue);
		while (atomic_read(&woken) < i)
			msleep(1);
		msleep(5);
		CHECK(atomic_read(&woken) == i);
	}
	stop_all(tasks, 3);
}

TEST(time_limits)
{
	const ktime_t start = ktime_get();
	DECLARE_COMPLETION_ONSTACK(never);
	DECLARE_COMPLETION_ONSTACK(already);

	CHECK(wait_event_timeout(queue, READ_ONCE(done), msecs_to_jiffies(20)) == 0);
	CHECK(wait_for_completion_timeout(&never, 20) == 0);
	complete(&already);
	CHECK(wait_for_completion_timeout(&already, 1000000) > 900000 && !completion_done(&already));
	set_current_state(TASK_INTERRUPTIBLE);
	CHECK(schedule_timeout(10) == 0 && get_current_state() == TASK_RUNNING);
	CHECK(ktime_ms_delta(ktime_get(), start) >= 48 && ktime_ms_delta(ktime_get(), start) < 20000);
	WRITE_ONCE(done, 1);
	CHECK(wait_event_timeout(queue, READ_ONCE(done), 0) == 1 && wait_event_interruptible(queue, READ_ONCE(done)) == 0);
	CHECK(!signal_pending(current) && !fatal_signal_pending(current));
}

static int waiter(void *data)
{
	wait_for_completion(data);
	atomic_inc(&woken);
	return until_stopped();
}

TEST(completions_count)
{
	DECLARE_COMPLETION_ONSTACK(x);
	struct task_struct *tasks[4];

	atomic_set(&woken, 0);
	complete(&x);
	complete(&x);
	for (int i = 0; i < 4; i++)
		tasks[i] = kthread_run(waiter, &x, "w%d", i);
	while (atomic_read(&woken) < 2)
		msleep(1);
	msleep(20);
	CHECK(atomic_read(&woken) == 2 && !try_wait_for_completion(&x));
	complete_all(&x);
	stop_all(tasks, 4);
	CHECK(atomic_read(&woken) == 4 && completion_done(&x) && try_wait_for_completion(&x));
	reinit_completion(&x);
	CHECK(!completion_done(&x));
}

/* Completions on the stack of a waiter that returns at once: the last access of complete() must be before. */
static struct completion *handed;

static int complete_handed(void *data)
{
	(void)data;
	atomic_inc(&arrived);
	while (!kthread_should_stop()) {
		struct completion *x = xchg(&handed, NULL);

		if (x)
			complete(x);
	}
	return 3;
}

TEST(a_completion_may_end_with_its_waiter)
{
	struct task_struct *task = kthread_run(complete_handed, NULL, "completer");

	for (int i = 0; i < 5000; i++) {
		struct completion *x = kmalloc(sizeof(*x), GFP_KERNEL);

		init_completion(x);
		(void)xchg(&handed, x);
		wait_for_completion(x);
		kfree(x);
	}
	stop_all(&task, 1);
}

static struct page *page;
static long guarded;

static int lock_and_count(void *data)
{
	(void)data;
	for (int i = 0; i < 10000; i++) {
		lock_page(page);
		guarded++;
		if (i % 1000 == 0)
			usleep_range(100, 200);
		unlock_page(page);
	}
	return until_stopped();
}

TEST(lock_page_excludes_and_waits)
{
	struct task_struct *tasks[3];

	page = alloc_page(GFP_KERNEL);
	for (int i = 0; i < 3; i++)
		tasks[i] = kthread_run(lock_and_count, NULL, "p%d", i);
	for (int i = 0; i < 1000; i++)
		SetPageDirty(page), ClearPageDirty(page); /* the flags beside the lock change meanwhile */
	stop_all(tasks, 3);
	CHECK(guarded == 30000 && !PageLocked(page) && page->flags == 0);
	CHECK(trylock_page(page) && !trylock_page(page) && PageLocked(page));
	unlock_page(page);
	wait_on_page_locked(page);
	folio_lock(page_folio(page));
	CHECK(folio_test_locked(page_folio(page)));
	folio_unlock(page_folio(page));
	__free_page(page);
}

static int ends_by_itself(void *data)
{
	CHECK(strcmp(current->comm, "short 5") == 0 && current->flags & PF_KTHREAD && current->pid != 0);
	complete(data);
	return 0;
}

static int never_runs(void *data)
{
	*(int *)data = 1;
	return 0;
}

TEST(threads_end_by_themselves_or_when_told)
{
	DECLARE_COMPLETION_ONSTACK(ended);
	struct task_struct *task;
	int ran = 0;

	for (int i = 0; i < 20; i++) {
		CHECK(!IS_ERR(kthread_run(ends_by_itself, &ended, "short %d", 5)));
		wait_for_completion(&ended);
	}
	task = kthread_create(never_runs, &ran, "never");
	msleep(5);
	CHECK(kthread_stop(task) == -EINTR && ran == 0);
	msleep(20); /* the short ones end for the leak checker */
}

struct config {
	struct rcu_head rcu;
	int a, b;
};
static struct config *config;

static int read_config(void *data)
{
	(void)data;
	atomic_inc(&arrived);
	while (!kthread_should_stop()) {
		const struct config *c;

		rcu_read_lock();
		rcu_read_lock();
		c = rcu_dereference(config);
		BUG_ON(c->a + c->b != 100);
		rcu_read_unlock();
		rcu_read_unlock();
	}
	return 3;
}

static atomic_t freed;

static void free_config(struct rcu_head *head)
{
	struct config *c = container_of(head, struct config, rcu);

	c->a = c->b = -1; /* a reader that sees it still stops the program */
	kfree(c);
	atomic_inc(&freed);
}

TEST(rcu_frees_after_the_readers)
{
	struct task_struct *tasks[2];

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	config->a = 100;
	for (int i = 0; i < 2; i++)
		tasks[i] = kthread_run(read_config, NULL, "r%d", i);
	while (atomic_read(&arrived) < 2)
		msleep(1);
	for (int i = 0; i < 300; i++) {
		struct config *c = kzalloc(sizeof(*c), GFP_KERNEL), *old = config;

		c->a = i;
		c->b = 100 - i;
		rcu_assign_pointer(config, c);
		if (i % 3 == 0) {
			synchronize_rcu();
			free_config(&old->rcu);
		} else if (i % 3 == 1) {
			call_rcu(&old->rcu, free_config);
		} else {
			kfree_rcu(old, rcu);
		}
	}
	stop_all(tasks, 2);
	rcu_barrier();
	CHECK(atomic_read(&freed) == 200);
	kfree(config);
}

TEST_MAIN()
