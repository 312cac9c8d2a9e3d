//! What users do with a held page's `struct page` through functions: references, private, order.
//! Each marks the page TOUCHED before it changes anything. Knows no free set.

use super::{MAX_ORDER, state};
use crate::arena::map::{self, ARENA};
use core::sync::atomic::Ordering::*;

/// One more reference.
pub fn get(idx: u32) {
    let head = head_of(idx);
    // A tail of a block that is not compound has no count of its own.
    if state::check_head(&ARENA, head) {
        state::touch(&ARENA, head);
        map::page(head).refcount.fetch_add(1, Relaxed);
    }
}

/// The number of references; 0 for a page that nobody holds.
pub fn count(idx: u32) -> i32 {
    let head = head_of(idx);
    match state::of(&ARENA, head) {
        state::ALLOCATED | state::TOUCHED => map::page(head).refcount.load(Acquire),
        _ => 0,
    }
}

pub fn private(idx: u32) -> usize {
    map::page(idx).private.load(Relaxed)
}

pub fn set_private(idx: u32, value: usize) {
    if touch(idx) {
        map::page(idx).private.store(value, Relaxed);
    }
}

/// The `struct page` may be changed from now on; it is made pristine when its block is freed. False, and a BUG,
/// for a page that nobody holds.
pub fn touch(idx: u32) -> bool {
    let held = state::check_held(&ARENA, idx);
    if held {
        state::touch(&ARENA, head_of_any(idx));
    }
    held
}

/// The order of a compound block, from its head; 0 for anything else.
pub fn compound_order(idx: u32) -> u32 {
    if state::is_compound(&ARENA, idx) { state::order(&ARENA, idx) } else { 0 }
}

/// The head of the compound block that a page belongs to, else the page itself.
pub fn head_of(idx: u32) -> u32 {
    let head = head_of_any(idx);
    if state::is_compound(&ARENA, head) { head } else { idx }
}

/// The head of the block that a tail lies in, compound or not. Blocks are aligned to their size, so
/// the head is among eleven candidates: the first that is held and large enough.
fn head_of_any(idx: u32) -> u32 {
    if state::of(&ARENA, idx) != state::TAIL {
        return idx;
    }
    (1..=MAX_ORDER)
        .map(|order| (idx & !((1 << order) - 1), order))
        .find(|(head, order)| {
            let held = matches!(state::of(&ARENA, *head), state::ALLOCATED | state::TOUCHED | state::RESERVE);
            held && state::order(&ARENA, *head) >= *order
        })
        .map_or(idx, |(head, _)| head)
}

/// The order of a held block, from its head.
pub fn order(idx: u32) -> u32 {
    state::order(&ARENA, idx)
}
