//! Invariant 9: two frees of one page at once, then two allocations: at least one error is reported,
//! and the page is not given twice.
//!
//! The states are read and written one at a time, so both frees may pass; then the page lies in the
//! free set twice and the second hand-out finds it. The limits of that are here too, as checks that
//! must find what goes unnoticed: nothing short of a compare-and-swap finds the first, and nothing at
//! all finds the second, which is a free of what somebody else holds by then.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn free(world: &World, me: &Thread) {
    world.free(me, 0);
}

fn take(world: &World, me: &Thread) {
    world.alloc(me, Want::pages(1));
}

fn careless(bug: Bug) -> Setup {
    Setup { depot: vec![], held: vec![0], careless: true, ..Setup::new(bug, 1) }
}

/// After both frees one thread takes twice.
fn noticed(world: &World) {
    let me = Thread::new(9, &[0]);
    take(world, &me);
    take(world, &me);
    assert_eq!(world.handed_out_twice(), 0, "given twice");
    assert_ne!(world.reports(), 0, "unnoticed");
}

fn two_frees(bug: Bug) {
    explore(6, careless(bug), [(&[0], free), (&[1], free)], noticed);
}

/// No room in any slab: both frees go to the depot, which must not hold the page twice.
fn two_frees_to_the_depot(bug: Bug) {
    let setup = Setup { room: 0, ..careless(bug) };
    explore(6, setup, [(&[0], free), (&[1], free)], |world| {
        world.settled();
        noticed(world);
    });
}

/// One of the two goes into a pool's reserve, and comes out again.
fn free_and_shelve(bug: Bug) {
    explore(6, careless(bug), [(&[0], free), (&[1], |world, _| world.shelve(0))], |world| {
        let me = Thread::new(9, &[0]);
        take(world, &me);
        world.unshelve(&me);
        assert_eq!(world.handed_out_twice(), 0, "given twice");
        assert_ne!(world.reports(), 0, "unnoticed");
    });
}

#[test]
fn two_frees_are_noticed() {
    two_frees(Bug::None);
}

#[test]
fn two_frees_to_the_depot_are_noticed() {
    two_frees_to_the_depot(Bug::None);
}

#[test]
fn a_free_and_a_put_into_a_reserve_are_noticed() {
    free_and_shelve(Bug::None);
}

#[test]
fn finds_a_reserve_that_is_not_checked() {
    finds("given twice", || free_and_shelve(Bug::ReserveUnchecked));
}

#[test]
fn finds_a_hand_out_without_check() {
    finds("given twice", || two_frees(Bug::NoCheckAtHandOut));
}

#[test]
fn finds_a_depot_that_takes_a_page_twice() {
    finds("exactly one place", || two_frees_to_the_depot(Bug::DepotTakesTwice));
}

#[test]
fn limit_two_hand_outs_at_once_may_both_pass() {
    let setup = Setup { slabs: vec![vec![0], vec![0]], held: vec![], ..careless(Bug::None) };
    finds("unnoticed", || {
        explore(4, setup, [(&[0], take), (&[1], take)], |world| assert_ne!(world.reports(), 0, "unnoticed"))
    });
}

#[test]
fn limit_a_quarantine_may_race_with_the_holders_free() {
    let setup = Setup { slabs: vec![vec![0], vec![0]], held: vec![], ..careless(Bug::None) };
    let take_and_give: fn(&World, &Thread) = |world, me| {
        let got = world.alloc(me, Want::pages(1));
        got.into_iter().for_each(|page| world.free(me, page));
    };
    finds("cached and not free", move || explore(4, setup, [(&[0], take_and_give), (&[1], take)], World::settled));
}

#[test]
fn limit_a_late_free_takes_the_next_holders_page() {
    let again: fn(&World, &Thread) = |world, me| {
        free(world, me);
        take(world, me);
    };
    finds("unnoticed", move || explore(4, careless(Bug::None), [(&[0], free), (&[1], again)], noticed));
}
