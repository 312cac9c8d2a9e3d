//! Invariant 4: stop is cleared only with pressure mode, under the depot lock, after the length is
//! written. And its partner in the section: stop is read before the header.
//!
//! An owner pops from a slab of CPU 0; another thread drains it and, by giving its pages back, ends
//! pressure mode.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn take_and_give(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn drain_and_end(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(2).or_fewer());
    got.into_iter().for_each(|page| world.free(me, page));
}

fn model(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![1]], depot: vec![], ..Setup::new(bug, 2) };
    explore(6, setup, [(&[0], take_and_give), (&[1], drain_and_end)], World::settled);
}

/// Pressure mode is on. One thread ends it, another takes what there is and turns it on again.
fn on_and_off(bug: Bug) {
    let setup = Setup { depot: vec![], held: vec![0], pressure: true, ..Setup::new(bug, 1) };
    let drain: fn(&World, &Thread) = |world, me| drop(world.alloc(me, Want::pages(2).or_fewer()));
    explore(7, setup, [(&[0], |world, me| world.free(me, 0)), (&[1], drain)], World::settled);
}

#[test]
fn a_slab_that_is_open_again_is_empty() {
    model(Bug::None);
}

#[test]
fn stop_words_follow_pressure_mode() {
    on_and_off(Bug::None);
}

#[test]
fn finds_stop_cleared_before_the_length_is_written() {
    finds("exactly one place", || model(Bug::ClearedBeforeLen));
}

#[test]
fn finds_stop_cleared_outside_the_lock() {
    finds("differs from pressure mode", || on_and_off(Bug::ClearedOutsideLock));
}

#[test]
fn finds_a_header_read_before_stop() {
    finds("nobody made a mistake", || model(Bug::HeaderBeforeStop));
}
