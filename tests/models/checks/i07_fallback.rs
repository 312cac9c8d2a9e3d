//! Invariant 7: without restartable sequences a slab has a lock, and either the owner sees stop or the
//! drainer sees the lock.
//!
//! The quota and the sleeper model once more, with locked slabs.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn locked(setup: Setup) -> Setup {
    Setup { guarded: Guarded::Locks, ..setup }
}

fn one_twice(world: &World, me: &Thread) {
    for _ in 0..2 {
        let got = world.alloc(me, Want::pages(1));
        assert_eq!(got.len(), 1, "a request within its quota failed");
        got.into_iter().for_each(|page| world.free(me, page));
    }
}

fn give(world: &World, me: &Thread) {
    world.free(me, 0);
}

fn sleep(world: &World, me: &Thread) {
    let got = world.alloc_sleeping(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn quotas(bug: Bug) {
    explore(5, locked(Setup::new(bug, 2)), [(&[0], one_twice), (&[1], one_twice)], World::settled);
}

fn sleeper(bug: Bug) {
    let setup = Setup { depot: vec![], held: vec![0], ..Setup::new(bug, 1) };
    explore(7, locked(setup), [(&[0], give), (&[1], sleep)], World::settled);
}

#[test]
fn quotas_never_fail() {
    quotas(Bug::None);
}

#[test]
fn no_wake_up_is_lost() {
    sleeper(Bug::None);
}

#[test]
fn finds_stop_read_before_the_lock() {
    finds("within its quota failed", || quotas(Bug::StopBeforeSlabLock));
}

#[test]
fn finds_a_wake_up_lost_by_stop_read_before_the_lock() {
    finds("deadlock", || sleeper(Bug::StopBeforeSlabLock));
}

#[test]
fn finds_a_busy_slab_passed_over() {
    finds("deadlock", || sleeper(Bug::DrainSkipsBusySlab));
}
