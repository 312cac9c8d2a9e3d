//! Invariant 6: what a request popped and can't use is delivered or returned.
//!
//! A request for two pages finds one in its slab and nothing in the depot, beside a thread that takes
//! and gives. All or nothing must leave nothing behind; `or_fewer` must deliver. Both with pops that
//! take all or nothing (the protocol) and with pops that take what there is. The latter have a limit:
//! what such a pop took is in transit outside the lock, and another request may fail for it.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn take_and_give(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn all_or_nothing(world: &World, me: &Thread) {
    assert!(world.alloc(me, Want::pages(2)).is_empty());
}

fn or_fewer(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(2).or_fewer());
    got.into_iter().for_each(|page| world.free(me, page));
}

/// May fail only if somebody holds the page; the other request is too large to get it ever.
fn must_get(world: &World, me: &Thread) {
    assert_eq!(world.alloc(me, Want::pages(1)).len(), 1, "a page is free, and a request failed");
}

fn setup(bug: Bug, partial_pops: bool) -> Setup {
    Setup { slabs: vec![vec![0], vec![]], depot: vec![], partial_pops, ..Setup::new(bug, 1) }
}

fn no_false_shortage(partial_pops: bool) {
    explore(5, setup(Bug::None, partial_pops), [(&[0], all_or_nothing), (&[0, 1], must_get)], World::settled);
}

fn model(bug: Bug, partial_pops: bool, asks: Script) {
    explore(5, setup(bug, partial_pops), [asks, (&[0, 1], take_and_give)], |world| {
        world.settled();
        world.nobody_holds_any();
    });
}

#[test]
fn too_few_are_returned() {
    model(Bug::None, false, (&[0], all_or_nothing));
    model(Bug::None, true, (&[0], all_or_nothing));
}

#[test]
fn too_few_are_delivered() {
    model(Bug::None, false, (&[0], or_fewer));
    model(Bug::None, true, (&[0], or_fewer));
}

#[test]
fn too_large_a_request_starves_nobody() {
    no_false_shortage(false);
}

#[test]
fn finds_a_dropped_page() {
    finds("a page was lost", || model(Bug::PartialDropped, false, (&[0], all_or_nothing)));
}

#[test]
fn limit_a_partial_pop_makes_others_fail() {
    finds("a page is free, and a request failed", || no_false_shortage(true));
}
