/* Spinlocks, mutexes, reader-writer locks, atomics, reference counts, per-CPU data. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include "../c/test.h"

enum { THREADS = 4, ROUNDS = 20000 };

static atomic_t arrived;

/* Every thread stays until it is stopped, as kthread_stop() demands. */
static int until_stopped(void)
{
	atomic_inc(&arrived);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 7;
}

/* Runs fn in four threads and waits for their end. */
static void in_threads(int (*fn)(void *data), void *data)
{
	struct task_struct *tasks[THREADS];

	for (int i = 0; i < THREADS; i++) {
		tasks[i] = kthread_run(fn, data, "test/%d", i);
		CHECK(!IS_ERR(tasks[i]));
	}
	while (atomic_read(&arrived) < THREADS)
		msleep(1);
	atomic_set(&arrived, 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(kthread_stop(tasks[i]) == 7);
}

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);
static DEFINE_RWLOCK(rw);
static DECLARE_RWSEM(sem);
static long plain[8]; /* not atomic: only a lock makes its sum right */

static int with_spinlock(void *data)
{
	unsigned long flags;

	(void)data;
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock_irqsave(&spin, flags);
		plain[0]++;
		spin_unlock_irqrestore(&spin, flags);
	}
	return until_stopped();
}

static int with_mutex(void *data)
{
	(void)data;
	for (int i = 0; i < ROUNDS; i++) {
		if (mutex_lock_interruptible(&mutex))
			return 0;
		plain[1]++;
		mutex_unlock(&mutex);
	}
	return until_stopped();
}

static int with_trylock(void *data)
{
	(void)data;
	for (int i = 0; i < ROUNDS;) {
		if (!spin_trylock(&spin))
			continue;
		plain[2]++;
		i++;
		spin_unlock(&spin);
	}
	return until_stopped();
}

/* Readers see the two numbers equal, whatever a writer does between. */
static int with_rwlock(void *data)
{
	(void)data;
	for (int i = 0; i < ROUNDS / 4; i++) {
		write_lock(&rw);
		plain[3]++;
		plain[4]++;
		write_unlock(&rw);
		for (int j = 0; j < 3; j++) {
			read_lock(&rw);
			BUG_ON(READ_ONCE(plain[3]) != plain[4]);
			if (i % 1000 == 0) {
				const long seen = plain[3];

				udelay(300); /* a writer that comes meanwhile waits */
				BUG_ON(READ_ONCE(plain[3]) != seen);
			}
			read_unlock(&rw);
		}
		down_write(&sem);
		plain[5]++;
		up_write(&sem);
		down_read(&sem);
		BUG_ON(plain[5] <= 0);
		up_read(&sem);
	}
	return until_stopped();
}

TEST(spinlock_excludes)
{
	in_threads(with_spinlock, NULL);
	CHECK(plain[0] == THREADS * ROUNDS && !spin_is_locked(&spin));
}

TEST(mutex_excludes)
{
	in_threads(with_mutex, NULL);
	CHECK(plain[1] == THREADS * ROUNDS && !mutex_is_locked(&mutex));
	CHECK(mutex_trylock(&mutex) == 1 && mutex_trylock(&mutex) == 0 && mutex_is_locked(&mutex));
	mutex_unlock(&mutex);
	mutex_destroy(&mutex);
}

TEST(trylock_excludes)
{
	in_threads(with_trylock, NULL);
	CHECK(plain[2] == THREADS * ROUNDS);
}

TEST(readers_and_writers)
{
	in_threads(with_rwlock, NULL);
	CHECK(plain[3] == THREADS * (ROUNDS / 4) && plain[5] == THREADS * (ROUNDS / 4));
}

static int hold_mutex(void *data)
{
	struct completion *held = data;

	mutex_lock(&mutex);
	complete(held);
	msleep(30);
	plain[6] = 1;
	mutex_unlock(&mutex);
	return until_stopped();
}

TEST(a_mutex_is_waited_for)
{
	DECLARE_COMPLETION_ONSTACK(held);
	struct task_struct *task = kthread_run(hold_mutex, &held, "holder");

	wait_for_completion(&held);
	mutex_lock(&mutex);
	CHECK(plain[6] == 1);
	mutex_unlock(&mutex);
	CHECK(kthread_stop(task) == 7);
}

static atomic_t small = ATOMIC_INIT(0);
static atomic64_t large = ATOMIC64_INIT(0);
static atomic_long_t zeros;

static int with_atomics(void *data)
{
	(void)data;
	for (int i = 0; i < ROUNDS; i++) {
		atomic_inc(&small);
		atomic64_add(1LL << 32, &large);
		if (atomic_inc_return(&small) % 2 == 0 && atomic_sub_and_test(0, &small))
			atomic_long_inc(&zeros);
	}
	return until_stopped();
}

TEST(atomics_add_up)
{
	in_threads(with_atomics, NULL);
	CHECK(atomic_read(&small) == 2 * THREADS * ROUNDS && atomic64_read(&large) == (s64)THREADS * ROUNDS << 32);
}

TEST(atomics_return_what_the_kernel_s_do)
{
	atomic_t v = ATOMIC_INIT(5);
	int old = 9, *p = &old;

	CHECK(atomic_add_return(3, &v) == 8 && atomic_fetch_add(2, &v) == 8 && atomic_fetch_sub(1, &v) == 10 && atomic_read(&v) == 9);
	CHECK(atomic_cmpxchg(&v, 9, 1) == 9 && atomic_cmpxchg(&v, 9, 2) == 1 && atomic_xchg(&v, 4) == 1);
	CHECK(!atomic_dec_and_test(&v) && atomic_sub_and_test(3, &v) && atomic_add_negative(-1, &v) && atomic_inc_and_test(&v));
	CHECK(!atomic_inc_not_zero(&v) && !atomic_add_unless(&v, 5, 0) && atomic_add_unless(&v, 5, 1) && atomic_read(&v) == 5);
	CHECK(atomic_dec_if_positive(&v) == 4 && atomic_fetch_or(3, &v) == 4 && atomic_fetch_and(5, &v) == 7 && atomic_fetch_xor(1, &v) == 5);
	atomic_set(&v, 0);
	CHECK(atomic_dec_if_positive(&v) == -1 && atomic_read(&v) == 0 && !atomic_try_cmpxchg(&v, &old, 3) && old == 0);
	CHECK(xchg(&old, 6) == 0 && cmpxchg(&old, 6, 7) == 6 && cmpxchg(&old, 6, 8) == 7 && smp_load_acquire(&p) == &old);
}

TEST(refcounts_stick_rather_than_wrap)
{
	refcount_t r = REFCOUNT_INIT(1);

	refcount_inc(&r);
	CHECK(refcount_read(&r) == 2 && !refcount_dec_and_test(&r) && refcount_dec_and_test(&r) && !refcount_inc_not_zero(&r));
	refcount_inc(&r); /* used after it was freed: warns, and can never reach 0 */
	CHECK(!refcount_dec_and_test(&r) && (int)refcount_read(&r) < 0);
	refcount_set(&r, 0x7fffffff);
	refcount_inc(&r);
	CHECK((int)refcount_read(&r) < 0);
	refcount_set(&r, 1);
	CHECK(!refcount_sub_and_test(3, &r) && (int)refcount_read(&r) < -1000);
	refcount_set(&r, 2);
	CHECK(!refcount_dec_and_lock(&r, &spin) && !spin_is_locked(&spin));
	CHECK(refcount_dec_and_lock(&r, &spin) && spin_is_locked(&spin));
	spin_unlock(&spin);
}

struct object {
	struct kref kref;
	int *released;
};

static void release(struct kref *kref)
{
	++*container_of(kref, struct object, kref)->released;
}

static int drop(void *data)
{
	struct object *object = data;

	for (int i = 0; i < ROUNDS; i++) {
		kref_get(&object->kref);
		kref_put(&object->kref, release);
	}
	kref_put(&object->kref, release);
	return until_stopped();
}

TEST(kref_releases_once)
{
	int released = 0;
	struct object object = { .released = &released };

	kref_init(&object.kref);
	for (int i = 0; i < THREADS; i++)
		kref_get(&object.kref);
	in_threads(drop, &object);
	CHECK(released == 0 && kref_read(&object.kref) == 1);
	CHECK(kref_put(&object.kref, release) == 1 && released == 1 && !kref_get_unless_zero(&object.kref));
}

static struct percpu_counter counter;
static DEFINE_PER_CPU(long, events);

struct stat {
	long a, b;
};
static struct stat *stats;

static int count(void *data)
{
	(void)data;
	for (int i = 0; i < ROUNDS; i++) {
		struct stat *mine;

		percpu_counter_add(&counter, 2);
		percpu_counter_dec(&counter);
		this_cpu_inc(events);
		this_cpu_add(stats->a, 1);
		mine = get_cpu_ptr(stats);
		get_cpu(); /* nests */
		mine->b++;
		put_cpu();
		put_cpu_ptr(stats);
	}
	return until_stopped();
}

TEST(per_cpu_data_adds_up)
{
	long a = 0, b = 0;
	int cpu;

	stats = alloc_percpu(struct stat);
	CHECK(percpu_counter_init(&counter, 5, GFP_KERNEL) == 0);
	in_threads(count, NULL);
	for_each_possible_cpu(cpu) {
		a += per_cpu_ptr(stats, cpu)->a;
		b += per_cpu_ptr(stats, cpu)->b;
	}
	CHECK(a == THREADS * ROUNDS && b == a && per_cpu(events, 0) == a && num_online_cpus() >= 1);
	CHECK(percpu_counter_sum(&counter) == 5 + a && percpu_counter_read_positive(&counter) == 5 + a);
	CHECK(percpu_counter_compare(&counter, a) > 0 && percpu_counter_compare(&counter, 5 + a) == 0);
	percpu_counter_set(&counter, -3);
	CHECK(percpu_counter_read_positive(&counter) == 0 && percpu_counter_read(&counter) == -3);
	CHECK(percpu_counter_limited_add(&counter, 10, 13) && !percpu_counter_limited_add(&counter, 10, 1));
	percpu_counter_destroy(&counter);
	free_percpu(stats);
}

TEST_MAIN()
