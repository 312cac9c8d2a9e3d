/* Workqueues, delayed work and lists without a lock. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include "../c/test.h"

struct job {
	struct work_struct work;
	struct delayed_work delayed;
	atomic_t runs, inside;
	struct workqueue_struct *wq;
	unsigned int sleep_ms;
	struct completion *until; /* each run waits for one */
};

static atomic_t together, most;

static void run(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	const int n = atomic_inc_return(&together);
	int seen = atomic_read(&most);

	while (n > seen && !atomic_try_cmpxchg(&most, &seen, n))
		;
	BUG_ON(atomic_inc_return(&job->inside) != 1); /* never twice at a time */
	if (job->sleep_ms)
		msleep(job->sleep_ms);
	if (job->until)
		wait_for_completion(job->until);
	atomic_inc(&job->runs);
	atomic_dec(&job->inside);
	atomic_dec(&together);
}

static void run_delayed(struct work_struct *work)
{
	struct job *job = container_of(to_delayed_work(work), struct job, delayed);

	if (atomic_inc_return(&job->runs) < 3)
		queue_delayed_work(job->wq, &job->delayed, msecs_to_jiffies(5));
}

static void init(struct job *job, unsigned int sleep_ms)
{
	memset(job, 0, sizeof(*job));
	INIT_WORK(&job->work, run);
	INIT_DELAYED_WORK(&job->delayed, run_delayed);
	job->sleep_ms = sleep_ms;
}

TEST(each_queued_work_runs_once)
{
	struct workqueue_struct *wq = alloc_workqueue("test/%d", WQ_UNBOUND | WQ_MEM_RECLAIM, 4, 1);
	struct job jobs[100];

	for (int i = 0; i < 100; i++) {
		init(&jobs[i], 1);
		CHECK(queue_work(wq, &jobs[i].work));
	}
	flush_workqueue(wq);
	for (int i = 0; i < 100; i++)
		CHECK(atomic_read(&jobs[i].runs) == 1 && !work_pending(&jobs[i].work));
	CHECK(atomic_read(&most) > 1 && atomic_read(&most) <= 4);
	destroy_workqueue(wq);
}

static struct completion first_waits;

static void run_waiting(struct work_struct *work)
{
	(void)work;
	wait_for_completion(&first_waits);
}

static void run_waking(struct work_struct *work)
{
	(void)work;
	complete(&first_waits);
}

/* The first work waits for the second, so somebody else must do that, even when one thread was just woken. */
TEST(work_may_wait_for_other_work)
{
	struct workqueue_struct *wq = alloc_workqueue("depends", 0, 4);
	DECLARE_WORK(first, run_waiting);
	DECLARE_WORK(second, run_waking);

	init_completion(&first_waits);
	for (int i = 0; i < 2000; i++) {
		queue_work(wq, &first);
		queue_work(wq, &second);
		flush_work(&first);
		flush_work(&second);
	}
	destroy_workqueue(wq);
}

/* A timer is looked after while the thread that waited for it does something else. */
TEST(delayed_work_runs_beside_slow_work)
{
	struct workqueue_struct *wq = alloc_workqueue("timers", 0, 4);
	DECLARE_WORK(first, run_waiting);
	struct delayed_work later;

	init_completion(&first_waits);
	INIT_DELAYED_WORK(&later, run_waking);
	queue_delayed_work(wq, &later, 20);
	msleep(5); /* the one thread waits for the time now */
	queue_work(wq, &first);
	flush_work(&first);
	destroy_workqueue(wq);
}

TEST(an_ordered_queue_runs_one_at_a_time)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("ordered", WQ_MEM_RECLAIM);
	struct job jobs[20];

	for (int i = 0; i < 20; i++) {
		init(&jobs[i], 1);
		queue_work(wq, &jobs[i].work);
	}
	flush_work(&jobs[19].work);
	CHECK(atomic_read(&jobs[0].runs) == 1);
	CHECK(atomic_read(&most) == 1);
	destroy_workqueue(wq);
}

TEST(work_is_pending_once_and_runs_again_after)
{
	struct workqueue_struct *wq = alloc_workqueue("again", 0, 0);
	DECLARE_COMPLETION_ONSTACK(go);
	struct job job;

	init(&job, 0);
	job.until = &go;
	CHECK(queue_work(wq, &job.work));
	while (atomic_read(&job.inside) == 0)
		msleep(1);
	CHECK(queue_work(wq, &job.work) && !queue_work(wq, &job.work)); /* it runs: one more run is to come */
	complete(&go);
	complete(&go);
	CHECK(flush_work(&job.work) || atomic_read(&job.runs) == 2);
	CHECK(atomic_read(&job.runs) == 2 && !flush_work(&job.work));
	destroy_workqueue(wq);
}

TEST(work_is_cancelled)
{
	struct workqueue_struct *wq = create_singlethread_workqueue("cancel");
	DECLARE_COMPLETION_ONSTACK(go);
	struct job slow, other;

	init(&slow, 0);
	slow.until = &go;
	init(&other, 0);
	queue_work(wq, &slow.work);
	queue_work(wq, &other.work);
	CHECK(cancel_work_sync(&other.work) && !cancel_work_sync(&other.work));
	while (atomic_read(&slow.inside) == 0)
		msleep(1);
	complete(&go);
	CHECK(!cancel_work_sync(&slow.work) && atomic_read(&slow.runs) == 1); /* it ran: waited for */
	CHECK(atomic_read(&other.runs) == 0);
	destroy_workqueue(wq);
}

TEST(delayed_work_waits)
{
	struct workqueue_struct *wq = alloc_workqueue("delayed", 0, 1);
	const unsigned long start = jiffies;
	struct job job;

	init(&job, 0);
	job.wq = wq;
	CHECK(queue_delayed_work(wq, &job.delayed, msecs_to_jiffies(20)) && delayed_work_pending(&job.delayed));
	while (atomic_read(&job.runs) < 3)
		msleep(1);
	CHECK(jiffies - start >= 29);
	CHECK(queue_delayed_work(wq, &job.delayed, HZ * 3600) && cancel_delayed_work_sync(&job.delayed));
	CHECK(queue_delayed_work(wq, &job.delayed, HZ * 3600) && mod_delayed_work(wq, &job.delayed, 0));
	flush_delayed_work(&job.delayed);
	CHECK(atomic_read(&job.runs) == 4);
	queue_delayed_work(wq, &job.delayed, HZ * 3600);
	flush_delayed_work(&job.delayed);
	CHECK(atomic_read(&job.runs) == 5);
	destroy_workqueue(wq);
}

TEST(destroy_waits_for_what_is_queued)
{
	struct workqueue_struct *wq = alloc_workqueue("ends", 0, 2);
	struct job jobs[10];

	for (int i = 0; i < 10; i++) {
		init(&jobs[i], 3);
		queue_work(wq, &jobs[i].work);
	}
	destroy_workqueue(wq);
	for (int i = 0; i < 10; i++)
		CHECK(atomic_read(&jobs[i].runs) == 1);
}

TEST(the_system_s_queue)
{
	struct job job;

	init(&job, 5);
	CHECK(schedule_work(&job.work));
	flush_work(&job.work);
	CHECK(atomic_read(&job.runs) == 1 && system_wq == system_unbound_wq);
}

struct item {
	struct llist_node node;
	int number;
};
static LLIST_HEAD(pushed);
static atomic_t pushers;

static int push(void *data)
{
	for (int i = 0; i < 5000; i++) {
		struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

		item->number = i;
		llist_add(&item->node, &pushed);
	}
	(void)data;
	atomic_inc(&pushers);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

TEST(nothing_pushed_is_lost)
{
	struct task_struct *tasks[3];
	long sum = 0, n = 0;

	for (int i = 0; i < 3; i++)
		tasks[i] = kthread_run(push, NULL, "push/%d", i);
	while (n < 15000) {
		struct item *item, *next;
		struct llist_node *one = llist_del_first(&pushed), *all = llist_reverse_order(llist_del_all(&pushed));

		if (one) {
			sum += llist_entry(one, struct item, node)->number;
			n++;
			kfree(llist_entry(one, struct item, node));
		}
		llist_for_each_entry_safe(item, next, all, node) {
			sum += item->number;
			n++;
			kfree(item);
		}
	}
	CHECK(sum == 3L * 4999 * 5000 / 2 && llist_empty(&pushed));
	for (int i = 0; i < 3; i++)
		kthread_stop(tasks[i]);
}

TEST_MAIN()
