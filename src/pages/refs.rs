//! What users do with a held page's `struct page` through functions: references, private, order.
//! Each marks the page TOUCHED before it changes anything. Knows no free set.

use super::{MAX_ORDER, state};
use crate::arena::{arena, map};
use core::sync::atomic::Ordering::*;

/// One more reference.
pub fn get(idx: u32) {
    let Some(arena) = arena() else { return };
    let head = head_of(idx);
    // A tail of a block that is not compound has no count of its own.
    if state::check_head(arena, head) {
        state::touch(arena, head);
        map::page(head).refcount.fetch_add(1, Relaxed);
    }
}

/// The number of references; 0 for a page that nobody holds.
pub fn count(idx: u32) -> i32 {
    let Some(arena) = arena() else { return 0 };
    let head = head_of(idx);
    match state::of(arena, head) {
        state::ALLOCATED | state::TOUCHED => map::page(head).refcount.load(Acquire),
        _ => 0,
    }
}

pub fn private(idx: u32) -> usize {
    map::page(idx).private.load(Relaxed)
}

pub fn set_private(idx: u32, value: usize) {
    let Some(arena) = arena() else { return };
    if state::check_held(arena, idx) {
        state::touch(arena, head_of_any(idx));
        map::page(idx).private.store(value, Relaxed);
    }
}

/// The `struct page` may be changed from now on; it is made pristine when its block is freed.
pub fn touch(idx: u32) {
    let Some(arena) = arena() else { return };
    if state::check_held(arena, idx) {
        state::touch(arena, head_of_any(idx));
    }
}

/// The order of a compound block, from its head; 0 for anything else.
pub fn compound_order(idx: u32) -> u32 {
    match arena() {
        Some(arena) if state::is_compound(arena, idx) => state::order(arena, idx),
        _ => 0,
    }
}

/// The head of the compound block that a page belongs to, else the page itself.
pub fn head_of(idx: u32) -> u32 {
    let head = head_of_any(idx);
    match arena() {
        Some(arena) if state::is_compound(arena, head) => head,
        _ => idx,
    }
}

/// The head of the block that a tail lies in, compound or not. Blocks are aligned to their size, so
/// the head is among eleven candidates: the first that is held and large enough.
fn head_of_any(idx: u32) -> u32 {
    let Some(arena) = arena() else { return idx };
    if state::of(arena, idx) != state::TAIL {
        return idx;
    }
    (1..=MAX_ORDER)
        .map(|order| (idx & !((1 << order) - 1), order))
        .find(|(head, order)| {
            let held = matches!(state::of(arena, *head), state::ALLOCATED | state::TOUCHED | state::RESERVE);
            held && state::order(arena, *head) >= *order
        })
        .map_or(idx, |(head, _)| head)
}

/// The order of a held block, from its head.
pub fn order(idx: u32) -> u32 {
    arena().map_or(0, |arena| state::order(arena, idx))
}
