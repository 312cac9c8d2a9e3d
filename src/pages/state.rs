//! The state of each page, one byte outside the page, and with `shelf` the only functions that change it. A page
//! that is not in the expected state is never touched further. Knows no lock, no list.
//!
//! | low three bits | meaning | left by |
//! |---|---|---|
//! | UNCOMMITTED | no memory behind it: not yet, or given back | commit |
//! | BAD | was found in a wrong state; never handed out again | – |
//! | FREE_CLEAN | free, all zero since its commit | hand-out, `take_memory` |
//! | FREE | free | hand-out, `take_memory` |
//! | ALLOCATED | head of a block that a user holds, `struct page` pristine | take-back, `touch`, `shelve` |
//! | TOUCHED | the same, but its `struct page` may have been changed | take-back, `shelve` |
//! | RESERVE | lies in a pool's reserve, is being taken back, or is free and waits for the depot | `unshelve`, the end of the take-back, `take_in` |
//! | TAIL | inside a block that a user holds | split or free of the block |
//!
//! The upper bits, in the heads of held blocks only: bit 3 COMPOUND, bits 4 to 7 the order.
//!
//! Single pages in state ALLOCATED change hands by a load and a store, not by an atomic swap, which
//! would cost more than all the rest. So of two frees of one page in the very same few nanoseconds both
//! may succeed; the page then lies in the free set twice, and the second time it is to be handed out
//! its state is ALLOCATED: reported, and quarantined. All other changes are swaps.

use super::child;
use crate::arena::states::States;
use crate::arena::{Arena, map};
use crate::observe::report;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering::*};

pub const UNCOMMITTED: u8 = 0;
pub const BAD: u8 = 1;
pub const FREE_CLEAN: u8 = 2;
pub const FREE: u8 = 3;
pub const ALLOCATED: u8 = 4;
pub const TOUCHED: u8 = 5;
pub const RESERVE: u8 = 6;
pub const TAIL: u8 = 7;
pub(super) const STATE: u8 = 7;
/// FREE and FREE_CLEAN differ in this bit only.
const CLEAN_BIT: u8 = FREE ^ FREE_CLEAN;
/// The block was asked for with `__GFP_COMP`.
const COMPOUND: u8 = 8;
pub(super) const ORDER_SHIFT: u32 = 4;

/// Pages that were found in a wrong state.
pub static BAD_PAGES: AtomicU64 = AtomicU64::new(0);

pub fn of(arena: &Arena, idx: u32) -> u8 {
    arena.state(idx).load(Relaxed) & STATE
}

/// The order of the held block whose head this is.
pub fn order(arena: &Arena, idx: u32) -> u32 {
    u32::from(arena.state(idx).load(Relaxed) >> ORDER_SHIFT)
}

pub fn is_compound(arena: &Arena, idx: u32) -> bool {
    arena.state(idx).load(Relaxed) & COMPOUND != 0
}

/// How many pages are in each state; counted one by one, so not for every day.
pub fn census(arena: &Arena) -> [u64; 8] {
    let mut pages = [0; 8];
    (0..arena.committed()).for_each(|idx| pages[usize::from(of(arena, idx))] += 1);
    pages
}

/// Does a user hold the block whose head has this byte?
pub(super) fn held(byte: u8) -> bool {
    matches!(byte & STATE, ALLOCATED | TOUCHED)
}

/// Marks freshly committed pages free.
pub fn born(arena: &Arena, first: u32, n: u32) {
    (first..first + n).for_each(|idx| arena.state(idx).store(FREE_CLEAN, Relaxed));
}

/// Marks neighbouring pages as without memory; false, and nothing changed, when one of them is not free.
pub fn take_memory(states: States) -> bool {
    let free = states.all(!CLEAN_BIT, FREE_CLEAN);
    if free {
        states.fill(UNCOMMITTED);
    }
    free
}

/// Marks a single page taken from the free set as held; whether it is still zero. None when it was not
/// free: it is quarantined, and the caller looks for another.
pub fn hand_out(arena: &Arena, idx: u32) -> Option<bool> {
    let state = arena.state(idx);
    let clean = state.load(Relaxed) == FREE_CLEAN;
    if !hand_out_fast(state) {
        quarantine(arena, idx, 1);
        return None;
    }
    Some(clean)
}

/// The same for whoever has the state byte; false, and nothing changed, when the page is not free.
#[inline(always)]
pub fn hand_out_fast(state: &AtomicU8) -> bool {
    let free = state.load(Relaxed) & !CLEAN_BIT == FREE_CLEAN;
    if free {
        state.store(ALLOCATED, Relaxed);
    }
    free
}

/// The same for neighbouring pages together; false, and nothing changed, when one of them is not free.
#[inline(always)]
pub fn hand_out_together(states: States) -> bool {
    let free = states.all(!CLEAN_BIT, FREE_CLEAN);
    if free {
        states.fill(ALLOCATED);
    }
    free
}

/// The same for a block of higher order.
pub fn hand_out_block(arena: &Arena, idx: u32, order: u32, compound: bool) -> Option<bool> {
    let pages = idx..idx + (1 << order);
    let free = |idx: u32| of(arena, idx) & !CLEAN_BIT == FREE_CLEAN;
    if !pages.clone().all(free) {
        quarantine(arena, idx, 1 << order);
        return None;
    }
    let clean = pages.clone().all(|idx| of(arena, idx) == FREE_CLEAN);
    pages.skip(1).for_each(|tail| arena.state(tail).store(TAIL, Relaxed));
    let mark = if compound { COMPOUND } else { 0 };
    arena.state(idx).store(ALLOCATED | mark | (order as u8) << ORDER_SHIFT, Relaxed);
    Some(clean)
}

/// Takes pages that are not all free out of use, reporting those that aren't.
#[cold]
pub fn quarantine(arena: &Arena, idx: u32, pages: u32) {
    for idx in idx..idx + pages {
        let was = arena.state(idx).swap(BAD, Relaxed) & STATE;
        if was & !CLEAN_BIT != FREE_CLEAN {
            report::bug(format_args!("page {idx} lay in the free set in state {was}; quarantined"));
        }
    }
    BAD_PAGES.fetch_add(pages.into(), Relaxed);
}

/// Takes a single page back that nobody else can have touched. False, and nothing changed, for any
/// other: `take_back` finds out what is the matter.
#[inline(always)]
pub fn take_back_fast(state: &AtomicU8) -> bool {
    let plain = state.load(Relaxed) == ALLOCATED;
    if plain {
        state.store(FREE, Relaxed);
    }
    plain
}

/// The same for neighbouring pages together.
#[inline(always)]
pub fn take_back_together(states: States) -> bool {
    let plain = states.all(u8::MAX, ALLOCATED);
    if plain {
        states.fill(FREE);
    }
    plain
}

/// Undoes `take_back_fast` of a page that turns out to be not ours to free.
pub fn leave(arena: &Arena, idx: u32) {
    arena.state(idx).store(ALLOCATED, Relaxed);
}

/// What became of a block whose reference was dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Free,
    /// Others hold it still.
    Shared,
    /// It can't be freed so: reported, nothing changed.
    Refused,
}

/// Drops the caller's reference of a held block; with the last one, makes it free and its `struct
/// page`s pristine.
#[cold]
pub fn take_back(arena: &Arena, idx: u32, want_order: u32) -> Taken {
    let state = arena.state(idx);
    let byte = state.load(Relaxed);
    if !held(byte) {
        return refuse(idx, byte);
    }
    if u32::from(byte >> ORDER_SHIFT) != want_order {
        report::bug(format_args!("page {idx} freed with a wrong order; it has order {}", byte >> ORDER_SHIFT));
        return Taken::Refused;
    }
    let touched = byte & STATE == TOUCHED;
    if let Some(other) = touched.then(|| drop_reference(idx)).flatten() {
        return other;
    }
    if child::is_refused() {
        return Taken::Refused;
    }
    // RESERVE is the passing state: nobody else may free, shelve or touch the page meanwhile.
    if let Err(now) = state.compare_exchange(byte, RESERVE, AcqRel, Relaxed) {
        return refuse(idx, now);
    }
    for page in idx..idx + (1 << want_order) {
        if touched {
            reset(page);
        }
        if page != idx {
            arena.state(page).store(FREE, Relaxed);
        }
    }
    state.store(FREE, Release);
    Taken::Free
}

/// Drops a reference; None when it was the last. A count below one is a BUG and changes nothing.
fn drop_reference(idx: u32) -> Option<Taken> {
    let refcount = &map::page(idx).refcount;
    // AcqRel: whoever frees must see everything the other holders did before they let go. The last reference
    // is not dropped here: of two frees of it the state decides, and the loser must not have changed the
    // count, which may be the next owner's by then.
    let dropped = refcount.fetch_update(AcqRel, Acquire, |n| (n > 1).then_some(n - 1));
    match dropped {
        Ok(_) => Some(Taken::Shared),
        Err(1) => None,
        Err(n) => {
            report::bug(format_args!("page {idx} freed with reference count {n}"));
            Some(Taken::Refused)
        }
    }
}

/// Reports that a page with this byte is none that a user can free.
#[cold]
pub(super) fn refuse(idx: u32, byte: u8) -> Taken {
    let what = match byte & STATE {
        FREE | FREE_CLEAN => "is free already: freed twice",
        RESERVE => "lies in a pool's reserve: freed twice",
        TAIL => "is inside a larger block",
        BAD => "is quarantined",
        UNCOMMITTED => "is free already, its memory went back to the system: freed twice",
        _ => "is no page of ours",
    };
    report::bug(format_args!("page {idx} ({:p}) {what}", map::page_ptr(idx)));
    Taken::Refused
}

/// Is somebody entitled to use this page's `struct page`? Reports a BUG if not.
pub fn check_held(arena: &Arena, idx: u32) -> bool {
    let state = of(arena, idx);
    held(state) || state == TAIL || refuse(idx, state) != Taken::Refused
}

/// Is this the head of a block that somebody holds? Reports a BUG if not.
pub fn check_head(arena: &Arena, idx: u32) -> bool {
    let byte = of(arena, idx);
    held(byte) || refuse(idx, byte) != Taken::Refused
}

/// Remembers that the `struct page` may change. Only a holder calls this, so no one else frees.
pub fn touch(arena: &Arena, idx: u32) {
    let state = arena.state(idx);
    let byte = state.load(Relaxed);
    if byte & STATE == ALLOCATED {
        // Fails if another holder was faster: then it is touched.
        let _ = state.compare_exchange(byte, with_state(byte, TOUCHED), Relaxed, Relaxed);
    }
}

pub(super) fn with_state(byte: u8, state: u8) -> u8 {
    byte & !STATE | state
}

pub(super) fn reset(idx: u32) {
    let page = map::page(idx);
    page.flags.store(0, Relaxed);
    page.private.store(0, Relaxed);
    page.mapping.store(0, Relaxed);
    page.mapcount.store(-1, Relaxed);
    page.refcount.store(1, Relaxed);
}

/// Turns the pages of a held block into held single pages. False if it is no such block, or a compound
/// one.
pub fn split(arena: &Arena, idx: u32, order: u32) -> bool {
    let state = arena.state(idx);
    let byte = state.load(Relaxed);
    if !held(byte) || byte & COMPOUND != 0 || u32::from(byte >> ORDER_SHIFT) != order {
        return false;
    }
    // The tails' `struct page`s may have been changed under the head's mark, so each gets its own.
    for tail in idx + 1..idx + (1 << order) {
        arena.state(tail).store(TOUCHED, Relaxed);
    }
    state.store(byte & STATE, Relaxed);
    true
}
