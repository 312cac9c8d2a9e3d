//! Invariant 5: depot lock and all slabs stopped: no free page is elsewhere. Seen from outside: quotas
//! that sum exactly to the arena never fail.
//!
//! Each thread holds at most its quota and asks for no more, so every request must succeed, however
//! the pages are spread over slabs at that moment.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn quota(world: &World, me: &Thread, n: usize) -> Vec<Page> {
    let got = world.alloc(me, Want::pages(n));
    assert_eq!(got.len(), n, "a request within its quota failed");
    got
}

fn one_twice(world: &World, me: &Thread) {
    for _ in 0..2 {
        quota(world, me, 1).into_iter().for_each(|page| world.free(me, page));
    }
}

fn two(world: &World, me: &Thread) {
    quota(world, me, 2).into_iter().for_each(|page| world.free(me, page));
}

fn one_and_one(bug: Bug) {
    explore(4, Setup::new(bug, 2), [(&[0, 1], one_twice), (&[1], one_twice)], World::settled);
}

fn three_of_one(bug: Bug) {
    explore(2, Setup::new(bug, 3), [(&[0, 1], one_twice), (&[1], one_twice), (&[0], one_twice)], World::settled);
}

fn two_and_one(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![1]], depot: vec![2], ..Setup::new(bug, 3) };
    explore(4, setup, [(&[0, 1], two), (&[0], one_twice)], World::settled);
}

#[test]
fn quotas_of_one_and_one_never_fail() {
    one_and_one(Bug::None);
}

#[test]
fn three_quotas_of_one_never_fail() {
    three_of_one(Bug::None);
}

#[test]
fn quotas_of_two_and_one_never_fail() {
    two_and_one(Bug::None);
}

#[test]
fn finds_a_refill_outside_the_lock() {
    finds("within its quota failed", || one_and_one(Bug::RefillOutsideLock));
}
