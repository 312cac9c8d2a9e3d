//! Invariant 1: depot + slabs + held + quarantined = committed, each page in exactly one place.
//!
//! Two threads that take and give back; one of them is thrown from CPU to CPU by every abort. Slabs
//! are so small that refills and flushes happen, and the second model asks for two pages at once.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn take_and_give(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn take_and_give_two(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(2).or_fewer());
    got.into_iter().for_each(|page| world.free(me, page));
}

fn all_is_there(world: &World) {
    world.settled();
    world.nobody_holds_any();
}

fn singles(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![]], depot: vec![1, 2], ..Setup::new(bug, 3) };
    explore(5, setup, [(&[0, 1], take_and_give), (&[0], take_and_give)], all_is_there);
}

fn pairs(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0, 1], vec![2]], depot: vec![3], ..Setup::new(bug, 4) };
    explore(4, setup, [(&[0, 1], take_and_give_two), (&[0], take_and_give_two)], all_is_there);
}

#[test]
fn every_page_is_in_one_place() {
    singles(Bug::None);
}

#[test]
fn every_page_is_in_one_place_with_pairs() {
    pairs(Bug::None);
}

#[test]
fn finds_a_header_in_two_stores() {
    finds("exactly one place", || singles(Bug::HeaderInTwoStores));
}
