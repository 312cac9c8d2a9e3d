//! Invariant 3: a section that saw stop = 0 commits before the membarrier returns, or is aborted.
//!
//! An owner pushes and pops on CPU 0 while another thread wants more than there is and drains. The
//! section itself asserts the rule at its commit; what is lost otherwise shows in the sum of pages.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn give_and_take(world: &World, me: &Thread) {
    world.free(me, 1);
    world.alloc(me, Want::pages(1));
}

fn drain(world: &World, me: &Thread) {
    world.alloc(me, Want::pages(3).or_fewer());
}

fn model(bug: Bug) {
    let setup = Setup { slabs: vec![vec![0], vec![]], depot: vec![], held: vec![1], ..Setup::new(bug, 2) };
    explore(7, setup, [(&[0], give_and_take), (&[1], drain)], World::settled);
}

#[test]
fn sections_end_before_the_membarrier_returns() {
    model(Bug::None);
}

#[test]
fn finds_a_drain_without_membarrier() {
    finds("commits after the membarrier", || model(Bug::NoBarrier));
}

#[test]
fn finds_stop_set_after_the_membarrier() {
    finds("somebody holds it", || model(Bug::StopAfterBarrier));
}
