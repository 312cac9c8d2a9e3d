//! Invariants 3 and 4 beyond sequential consistency: which orderings the section and the drain need.
//!
//! An owner writes two pages and pushes them, then pops one, while a drain comes by and opens the slab
//! again. Whoever has a page in the end writes to it. Found to be needed: the membarrier, and the
//! Release of the clearing store with the Acquire of the section's look at stop. On x86 plain moves are
//! that strong.

use models::finds;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::thread;
use models::loom_side::check;
use models::loom_side::handshake::{Orders, Slab};
use std::sync::Arc;

const STATED: Orders = Orders { clear: Release, look: Acquire, membarrier: true };

fn owner(slab: &Slab) -> Vec<usize> {
    let mut mine = Vec::new();
    for page in 0..2 {
        slab.write(page);
        if !slab.push(page) {
            mine.push(page);
        }
    }
    mine.extend(slab.pop());
    mine.iter().for_each(|page| slab.write(*page));
    mine
}

fn model(orders: Orders) {
    let slab = Arc::new(Slab::new(orders));
    let drainer = {
        let slab = slab.clone();
        thread::spawn(move || {
            let taken = slab.drain();
            taken.iter().for_each(|page| slab.write(*page));
            taken
        })
    };
    let mut all = owner(&slab);
    all.extend(drainer.join().unwrap());
    all.extend(slab.drain());
    all.sort_unstable();
    assert_eq!(all, [0, 1], "a page is not in exactly one place");
}

#[test]
fn the_stated_orderings_are_enough() {
    check(6, || model(STATED));
}

#[test]
fn finds_a_missing_membarrier() {
    finds("exactly one place", || check(6, || model(Orders { membarrier: false, ..STATED })));
}

#[test]
fn finds_a_relaxed_clear() {
    finds("Causality violation", || check(6, || model(Orders { clear: Relaxed, ..STATED })));
}

#[test]
fn finds_a_relaxed_look_at_stop() {
    finds("Causality violation", || check(6, || model(Orders { look: Relaxed, ..STATED })));
}
