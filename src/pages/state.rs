//! The state of each page, one byte outside the page, and the only functions that change it. A page
//! that is not in the expected state is never touched further. Knows no lock, no list.
//!
//! | state | meaning | left by |
//! |---|---|---|
//! | 0 (UNCOMMITTED) | no memory behind it | commit |
//! | FREE_CLEAN | free, all zero since its commit | `hand_out` |
//! | FREE | free | `hand_out` |
//! | ALLOCATED | head of a block that a user holds, `struct page` pristine | `take_back`, `touch`, `shelve` |
//! | TOUCHED | the same, but its `struct page` may have been changed | `take_back`, `shelve` |
//! | RESERVE | lies in a pool's reserve | `unshelve` |
//! | TAIL | inside a block that a user holds | split or free of the block |
//! | BAD | was found in a wrong state; never handed out again | – |
//!
//! Taking back is a compare-and-swap: of two frees of one page, exactly one wins.

use crate::arena::{Arena, arena, map};
use crate::observe::report;
use core::sync::atomic::{AtomicU64, Ordering::*};

pub const FREE_CLEAN: u8 = 1;
pub const FREE: u8 = 2;
pub const ALLOCATED: u8 = 3;
pub const TOUCHED: u8 = 4;
pub const RESERVE: u8 = 5;
pub const BAD: u8 = 6;
pub const TAIL: u8 = 7;

/// Set in an order byte when the block was asked for with `__GFP_COMP`.
pub const COMPOUND: u8 = 0x40;
const ORDER_MASK: u8 = 0x3f;

/// Pages that were found in a wrong state.
pub static BAD_PAGES: AtomicU64 = AtomicU64::new(0);

pub fn of(arena: &Arena, idx: u32) -> u8 {
    arena.columns.state[idx as usize].load(Relaxed)
}

pub fn order(arena: &Arena, idx: u32) -> u32 {
    u32::from(arena.columns.order[idx as usize].load(Relaxed) & ORDER_MASK)
}

pub fn is_compound(arena: &Arena, idx: u32) -> bool {
    arena.columns.order[idx as usize].load(Relaxed) & COMPOUND != 0
}

/// Marks freshly committed pages free.
pub fn born(arena: &Arena, first: u32, n: u32) {
    for idx in first..first + n {
        arena.columns.state[idx as usize].store(FREE_CLEAN, Relaxed);
    }
}

/// Marks a block taken from the free set as held. `None` when a page of it was not free: the block
/// is quarantined, and the caller looks for another. Otherwise whether every page is still zero.
pub fn hand_out(arena: &Arena, idx: u32, order: u32, compound: bool) -> Option<bool> {
    let states = &arena.columns.state[idx as usize..idx as usize + (1 << order)];
    let mut clean = true;
    for (i, state) in states.iter().enumerate() {
        match state.load(Relaxed) {
            FREE_CLEAN => {}
            FREE => clean = false,
            wrong => {
                report::bug(format_args!("page {} lay in the free set in state {wrong}; quarantined", idx as usize + i));
                quarantine(states);
                return None;
            }
        }
    }
    for state in &states[1..] {
        state.store(TAIL, Relaxed);
    }
    states[0].store(ALLOCATED, Relaxed);
    let mark = if compound { COMPOUND } else { 0 };
    arena.columns.order[idx as usize].store(order as u8 | mark, Relaxed);
    Some(clean)
}

fn quarantine(states: &[core::sync::atomic::AtomicU8]) {
    for state in states {
        state.store(BAD, Relaxed);
    }
    BAD_PAGES.fetch_add(states.len() as u64, Relaxed);
}

/// Why a page was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    State(u8),
    Order(u32),
}

/// Takes a held block back into the free set, its `struct page`s made pristine first if they were
/// touched. Called under the lock of the place the block goes to, so a refusal is returned, not
/// reported here: the report runs the user's handler.
pub fn take_back(arena: &Arena, idx: u32, want_order: u32) -> Result<(), Wrong> {
    let state = &arena.columns.state[idx as usize];
    let held = state.load(Relaxed);
    if !matches!(held, ALLOCATED | TOUCHED) {
        return Err(Wrong::State(held));
    }
    let has_order = order(arena, idx);
    if has_order != want_order {
        return Err(Wrong::Order(has_order));
    }
    // RESERVE is the passing state: nobody else may free, shelve or touch the page meanwhile.
    // AcqRel: the winner sees what earlier holders did to the struct page.
    state.compare_exchange(held, RESERVE, AcqRel, Relaxed).map_err(Wrong::State)?;
    if held == TOUCHED {
        (idx..idx + (1 << want_order)).for_each(reset);
    }
    for tail in &arena.columns.state[idx as usize + 1..idx as usize + (1 << want_order)] {
        tail.store(FREE, Relaxed);
    }
    arena.columns.order[idx as usize].store(0, Relaxed);
    state.store(FREE, Release);
    Ok(())
}

/// Reports why a page was not taken. No lock is held.
pub fn refuse(idx: u32, wrong: Wrong) {
    let what = match wrong {
        Wrong::Order(order) => return report::bug(format_args!("page {idx} freed with a wrong order; it has order {order}")),
        Wrong::State(FREE | FREE_CLEAN) => "is free already: freed twice",
        Wrong::State(RESERVE) => "lies in a pool's reserve: freed twice",
        Wrong::State(TAIL) => "is inside a larger block",
        Wrong::State(BAD) => "is quarantined",
        Wrong::State(_) => "is no page of ours",
    };
    report::bug(format_args!("page {idx} ({:p}) {what}", map::page_ptr(idx)));
}

/// Is somebody entitled to use this page's `struct page`? Reports a BUG if not.
pub fn check_held(arena: &Arena, idx: u32) -> bool {
    let state = of(arena, idx);
    let held = matches!(state, ALLOCATED | TOUCHED | TAIL);
    if !held {
        refuse(idx, Wrong::State(state));
    }
    held
}

/// Remembers that the `struct page` may change. Only a holder calls this, so no one else frees.
pub fn touch(arena: &Arena, idx: u32) {
    let state = &arena.columns.state[idx as usize];
    // Fails for TAIL and TOUCHED, which need no mark.
    let _ = state.compare_exchange(ALLOCATED, TOUCHED, Relaxed, Relaxed);
}

fn reset(idx: u32) {
    let page = map::page(idx);
    page.flags.store(0, Relaxed);
    page.private.store(0, Relaxed);
    page.mapping.store(0, Relaxed);
    page.mapcount.store(-1, Relaxed);
    page.refcount.store(1, Relaxed);
}

/// What became of a page that was to be put into a reserve.
#[derive(Debug, PartialEq, Eq)]
pub enum Shelved {
    Stored,
    /// Others hold references too: one was dropped, nothing stored.
    StillShared,
    /// Not a held page; reported.
    Refused,
}

/// Marks a held page as lying in a reserve.
pub fn shelve(idx: u32) -> Shelved {
    let Some(arena) = arena() else { return Shelved::Refused };
    let state = &arena.columns.state[idx as usize];
    let held = state.load(Relaxed);
    if !matches!(held, ALLOCATED | TOUCHED) {
        refuse(idx, Wrong::State(held));
        return Shelved::Refused;
    }
    if held == TOUCHED && map::page(idx).refcount.load(Relaxed) > 1 {
        report::warn(format_args!("page {idx} freed into a pool while others hold it: one reference dropped"));
        super::release::put(idx);
        return Shelved::StillShared;
    }
    if let Err(now) = state.compare_exchange(held, RESERVE, AcqRel, Relaxed) {
        refuse(idx, Wrong::State(now));
        return Shelved::Refused;
    }
    if held == TOUCHED {
        reset(idx);
    }
    Shelved::Stored
}

/// Marks a reserve page as held again.
pub fn unshelve(idx: u32) {
    if let Some(arena) = arena() {
        arena.columns.state[idx as usize].store(ALLOCATED, Release);
    }
}
