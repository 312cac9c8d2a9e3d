//! Invariant 12: FREE_CLEAN is never entered from ALLOCATED or FREE: a page that was handed out once is
//! not given as clean again.
//!
//! Two threads take, write and give; memory is committed on the way.

use models::finds;
use models::bug::Bug;
use models::loom_side::explore;
use models::loom_side::protocol::*;

fn take_and_give_twice(world: &World, me: &Thread) {
    for _ in 0..2 {
        let got = world.alloc(me, Want::pages(1).growing());
        got.into_iter().for_each(|page| world.free(me, page));
    }
}

fn model(bug: Bug) {
    let setup = Setup { depot: vec![], growth: 1, ..Setup::new(bug, 2) };
    explore(4, setup, [(&[0, 1], take_and_give_twice), (&[0], take_and_give_twice)], World::settled);
}

#[test]
fn clean_pages_are_clean() {
    model(Bug::None);
}

#[test]
fn finds_a_page_freed_as_clean() {
    finds("handed out as clean", || model(Bug::FreedAsClean));
}
