//! Invariant 2: nothing is handed out that is not FREE.
//!
//! In the first model two threads on one slab pass two pages back and forth, correctly: nobody may see
//! a report. In the second a slab holds a page twice, as after a double free: the second hand-out must
//! be refused.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn take_and_give(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn take(world: &World, me: &Thread) {
    world.alloc(me, Want::pages(1));
}

fn correct(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![]], depot: vec![1], ..Setup::new(bug, 2) };
    explore(5, setup, [(&[0], take_and_give), (&[0], take_and_give)], World::settled);
}

fn one_page_twice(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![0]], depot: vec![], careless: true, ..Setup::new(bug, 1) };
    // One after the other: a hand-out that races with another is a limit, see invariant 9.
    explore(4, setup, [(&[0], |world, me| (0..2).for_each(|_| take(world, me)))], |world| {
        assert_eq!(world.handed_out_twice(), 0, "handed out while it was held");
        assert_eq!(world.reports(), 1);
    });
}

#[test]
fn the_correct_see_no_report() {
    correct(Bug::None);
}

#[test]
fn a_page_that_lies_there_twice_is_given_once() {
    one_page_twice(Bug::None);
}

#[test]
fn finds_a_mark_after_the_push() {
    finds("nobody made a mistake", || correct(Bug::MarkedAfterPush));
}

#[test]
fn finds_a_hand_out_without_check() {
    finds("handed out while it was held", || one_page_twice(Bug::NoCheckAtHandOut));
}
