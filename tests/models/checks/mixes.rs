//! All invariants at once, in mixes too large for loom: three CPUs, four or five threads, random
//! requests, signals on the way. Each mix runs with sections and with the fallback's locks.

use models::finds;
use models::bug::Bug;
use models::shuttle_side::explore;
use models::shuttle_side::protocol::*;
use shuttle::rand::{Rng, thread_rng};

const RUNS: usize = 5_000;
const ROUNDS: usize = 4;
/// A mistake that loses or doubles pages may show in any of these first.
const DAMAGE: &str = "nobody made a mistake|exactly one place|a page was lost|somebody holds it|cached and not free|holds rubbish";

fn setup(bug: Bug, guarded: Guarded, pages: usize) -> Setup {
    Setup { guarded, slabs: vec![vec![], vec![], vec![]], room: 3, refill: 2, low_water: 2, ..Setup::new(bug, pages) }
}

fn give_all(world: &World, me: &Thread, got: Vec<Page>) {
    got.into_iter().for_each(|page| world.free(me, page));
}

/// Never more than two pages; never refused.
fn quota_of_two(world: &World, me: &Thread) {
    for _ in 0..ROUNDS {
        let n = thread_rng().gen_range(1..=2);
        let got = world.alloc(me, Want::pages(n));
        assert_eq!(got.len(), n, "a request within its quota failed");
        give_all(world, me, got);
    }
}

/// Any number of pages, all or nothing or fewer, growing or not; may fail.
fn anything(world: &World, me: &Thread) {
    let mut held = Vec::new();
    for _ in 0..ROUNDS {
        let want = Want::pages(thread_rng().gen_range(1..=3));
        let want = if thread_rng().r#gen() { want.growing() } else { want };
        let want = if thread_rng().r#gen() { want.or_fewer() } else { want };
        held.extend(world.alloc(me, want));
        if let Some(page) = held.pop() {
            world.free(me, page);
        }
    }
    give_all(world, me, held);
}

/// Sleeps until it has what it wants, then gives all back: no circle of waiting.
fn sleeper(world: &World, me: &Thread) {
    for _ in 0..ROUNDS {
        let n = thread_rng().gen_range(1..=2);
        let got = world.alloc_sleeping(me, Want::pages(n));
        give_all(world, me, got);
    }
}

fn signals(world: &World, _me: &Thread) {
    (0..6).for_each(|_| world.signal(thread_rng().gen_range(0..3)));
}

fn all_is_there(world: &World) {
    world.settled();
    world.nobody_holds_any();
}

fn quotas(bug: Bug, guarded: Guarded) {
    let scripts: [Script; 5] =
        [(&[0, 1, 2], quota_of_two), (&[1, 0], quota_of_two), (&[1], quota_of_two), (&[2, 1], quota_of_two), (&[], signals)];
    explore(RUNS, setup(bug, guarded, 8), scripts, all_is_there);
}

/// Half of the pages are still to be committed.
fn chaos(bug: Bug, guarded: Guarded) {
    let setup = Setup { depot: vec![0, 1, 2], growth: 2, partial_pops: true, ..setup(bug, guarded, 6) };
    let scripts: [Script; 5] =
        [(&[0, 1], anything), (&[1, 2], anything), (&[1], anything), (&[2, 0], anything), (&[], signals)];
    explore(RUNS, setup, scripts, all_is_there);
}

/// Three pages, four sleepers that want up to two each.
fn sleepers(bug: Bug, guarded: Guarded) {
    let scripts: [Script; 5] = [(&[0, 1], sleeper), (&[1, 2], sleeper), (&[1], sleeper), (&[2, 0], anything), (&[], signals)];
    explore(RUNS, setup(bug, guarded, 3), scripts, all_is_there);
}

#[test]
fn quotas_hold() {
    quotas(Bug::None, Guarded::Sections);
    quotas(Bug::None, Guarded::Locks);
}

#[test]
fn chaos_loses_nothing() {
    chaos(Bug::None, Guarded::Sections);
    chaos(Bug::None, Guarded::Locks);
}

#[test]
fn every_sleeper_wakes() {
    sleepers(Bug::None, Guarded::Sections);
    sleepers(Bug::None, Guarded::Locks);
}

#[test]
fn finds_what_breaks_quotas() {
    finds("within its quota failed", || quotas(Bug::RefillOutsideLock, Guarded::Sections));
    finds("commits after the membarrier", || quotas(Bug::NoBarrier, Guarded::Sections));
    finds("commits after the membarrier", || quotas(Bug::StopAfterBarrier, Guarded::Sections));
    finds("within its quota failed", || quotas(Bug::StopBeforeSlabLock, Guarded::Locks));
}

#[test]
fn finds_what_loses_or_doubles_pages() {
    finds(DAMAGE, || chaos(Bug::PartialDropped, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::HeaderInTwoStores, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::LenBeforeEntries, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::FlushMovesEntries, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::CursorSurvivesAbort, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::ClearedBeforeLen, Guarded::Sections));
    finds(DAMAGE, || chaos(Bug::MarkedAfterPush, Guarded::Sections));
    finds("handed out as clean", || chaos(Bug::FreedAsClean, Guarded::Sections));
}

#[test]
fn finds_what_lets_sleepers_sleep() {
    finds("deadlock", || sleepers(Bug::InterestAfterTry, Guarded::Sections));
    finds("deadlock", || sleepers(Bug::LastTryOnlyTriesLock, Guarded::Sections));
    finds("deadlock", || sleepers(Bug::NoNotify, Guarded::Sections));
    finds("deadlock", || sleepers(Bug::DrainSkipsBusySlab, Guarded::Locks));
}

#[test]
fn finds_a_sleeper_that_wakes_itself() {
    finds("exceeded max_steps", || sleepers(Bug::AllReturnsTell, Guarded::Sections));
}
