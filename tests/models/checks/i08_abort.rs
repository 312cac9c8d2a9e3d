//! Invariant 8: an abort at any instruction of a section changes nothing.
//!
//! One thread on CPU 0, and signals at any two steps of what it does: a push of two pages by a refill,
//! a pop of two, a flush of a full slab.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn signals(world: &World, _me: &Thread) {
    world.signal(0);
    world.signal(0);
}

fn refill_and_pop(world: &World, me: &Thread) {
    // One page and a refill of two; then the two.
    let one = world.alloc(me, Want::pages(1));
    let two = world.alloc(me, Want::pages(2));
    assert_eq!((one.len(), two.len()), (1, 2));
}

fn flush(world: &World, me: &Thread) {
    world.free(me, 2);
}

fn refills(bug: Bug) {
    let setup = Setup { refill: 2, ..Setup::new(bug, 3) };
    explore(6, setup, [(&[], signals), (&[0], refill_and_pop)], World::settled);
}

fn flushes(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0, 1]], depot: vec![], held: vec![2], ..Setup::new(bug, 3) };
    explore(6, setup, [(&[], signals), (&[0], flush)], |world| {
        world.settled();
        world.nobody_holds_any();
    });
}

#[test]
fn aborts_of_refill_and_pop_change_nothing() {
    refills(Bug::None);
}

#[test]
fn aborts_of_a_flush_change_nothing() {
    flushes(Bug::None);
}

#[test]
fn finds_a_length_before_the_entries() {
    finds("cached and not free", || refills(Bug::LenBeforeEntries));
}

#[test]
fn finds_a_cursor_that_survives_the_abort() {
    finds("nobody made a mistake", || refills(Bug::CursorSurvivesAbort));
}

#[test]
fn finds_a_flush_that_moves_entries() {
    finds("exactly one place", || flushes(Bug::FlushMovesEntries));
}
