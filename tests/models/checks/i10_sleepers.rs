//! Invariant 10: pressure mode changes under the depot lock, and nobody sleeps for ever while the depot
//! holds what he wants. A wake-up that is lost is a deadlock for loom.
//!
//! While anybody sleeps, pressure mode is on, so that every free goes to the depot and wakes. The event
//! is the library's own.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn sleep(world: &World, me: &Thread) {
    let got = world.alloc_sleeping(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

fn take_and_give(world: &World, me: &Thread) {
    let got = world.alloc(me, Want::pages(1));
    got.into_iter().for_each(|page| world.free(me, page));
}

/// One page; its holder frees it.
fn one_giver(bug: Bug) {
    let setup = Setup { depot: vec![], held: vec![0], ..Setup::new(bug, 1) };
    explore(6, setup, [(&[0], |world, me| world.free(me, 0)), (&[1], sleep)], World::settled);
}

/// One page; another thread takes it and gives it back.
fn one_rival(bug: Bug) {
    explore(5, Setup::new(bug, 1), [(&[0], take_and_give), (&[1], sleep)], World::settled);
}

/// Two sleepers for one page.
fn two_sleepers(bug: Bug) {
    explore(4, Setup::new(bug, 1), [(&[0], sleep), (&[1], sleep)], World::settled);
}

/// The giver's slab is full, so it flushes; the sleeper wants all.
fn full_slab(bug: Bug) {
    let setup = Setup { slabs: vec![vec![1, 2], vec![]], depot: vec![], held: vec![0], ..Setup::new(bug, 3) };
    let sleeper: fn(&World, &Thread) = |world, me| drop(world.alloc_sleeping(me, Want::pages(3)));
    explore(5, setup, [(&[0], |world, me| world.free(me, 0)), (&[1], sleeper)], World::settled);
}

/// The sleeper wants a block of which one half is held. A rival's refill puts a page back into the
/// depot without waking anybody.
fn block(bug: Bug) {
    let setup = Setup { depot: vec![0, 2], held: vec![1], ..Setup::new(bug, 3) };
    let giver: fn(&World, &Thread) = |world, me| world.free(me, 1);
    let sleeper: fn(&World, &Thread) = |world, me| {
        world.alloc_block_sleeping(me, &[0, 1]);
        world.free(me, 0);
        world.free(me, 1);
    };
    explore(2, setup, [(&[0], take_and_give), (&[0], giver), (&[1], sleeper)], World::settled);
}

/// Pressure mode is on: one thread ends it, another takes and gives, the third sleeps.
fn ending(bug: Bug) {
    let setup = Setup { depot: vec![], held: vec![0], pressure: true, ..Setup::new(bug, 1) };
    let end: fn(&World, &Thread) = |world, me| world.free(me, 0);
    explore(3, setup, [(&[0], end), (&[0], take_and_give), (&[1], sleep)], World::settled);
}

/// The sleeper may not commit memory (or was refused); another thread may, and leaves a page over.
fn growth(bug: Bug) {
    let setup = Setup { depot: vec![], growth: 2, ..Setup::new(bug, 2) };
    let grow: fn(&World, &Thread) = |world, me| drop(world.alloc(me, Want::pages(1).growing()));
    explore(5, setup, [(&[0], grow), (&[1], sleep)], World::settled);
}

/// A request for two pages pops the only one, if pops take what there is, fails and returns it.
fn partial(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![]], depot: vec![], partial_pops: true, ..Setup::new(bug, 1) };
    let two: fn(&World, &Thread) = |world, me| drop(world.alloc(me, Want::pages(2)));
    explore(5, setup, [(&[0], two), (&[1], sleep)], World::settled);
}

#[test]
fn a_free_wakes_the_sleeper() {
    one_giver(Bug::None);
}

#[test]
fn a_rival_takes_no_wake_up_away() {
    one_rival(Bug::None);
}

#[test]
fn two_sleepers_take_turns() {
    two_sleepers(Bug::None);
}

#[test]
fn a_full_slab_is_no_hiding_place() {
    full_slab(Bug::None);
}

#[test]
fn a_block_comes_together() {
    block(Bug::None);
}

#[test]
fn pressure_mode_ends_and_begins() {
    ending(Bug::None);
}

#[test]
fn growth_wakes() {
    growth(Bug::None);
}

#[test]
fn what_is_returned_wakes() {
    partial(Bug::None);
}

#[test]
fn finds_a_sleeper_that_registers_too_late() {
    finds("deadlock", || one_giver(Bug::InterestAfterTry));
}

#[test]
fn finds_a_free_that_wakes_nobody() {
    finds("deadlock", || one_giver(Bug::NoNotify));
}

#[test]
fn finds_a_last_try_that_only_tries_the_lock() {
    finds("deadlock", || one_rival(Bug::LastTryOnlyTriesLock));
}

#[test]
fn finds_pressure_ended_under_a_sleeper() {
    finds("deadlock", || block(Bug::PressureEndsWithSleepers));
}

#[test]
fn finds_stop_cleared_outside_the_lock() {
    finds("a slab holds pages", || ending(Bug::ClearedOutsideLock));
}

#[test]
fn finds_growth_that_wakes_nobody() {
    finds("deadlock", || growth(Bug::GrowthIsSilent));
}

#[test]
fn finds_a_silent_return() {
    finds("deadlock", || partial(Bug::PartialReturnedSilently));
}
