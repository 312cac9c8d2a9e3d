//! Giving pages back: checks first, then cache or depot, then a wake-up for whoever sleeps.
//! A report about a bad page may run the user's handler, so it is made after the lock is let go.
//! Knows no pool.

use super::cache::{self, Cell, Push};
use super::depot::DEPOT;
use super::{RETURNED, state};
use crate::arena::{Arena, arena, map};
use crate::observe::report;
use core::sync::atomic::{AtomicU64, Ordering::*};

/// Pages taken straight back into the depot.
pub static DIRECT: AtomicU64 = AtomicU64::new(0);
pub static FLUSHES: AtomicU64 = AtomicU64::new(0);

/// Drops one reference of a block; the last one frees it. That is `__free_pages`.
pub fn free(idx: u32, order: u32) {
    let Some(arena) = arena() else { return };
    if state::of(arena, idx) == state::TOUCHED && !last_reference(idx) {
        return;
    }
    if order == 0 {
        free_single(arena, cache::mine(), idx);
    } else {
        free_block(arena, idx, order, None);
    }
    RETURNED.notify();
}

/// `free` with the block's own order: what `put_page` does. A tail stands for its block if that was
/// asked for as a compound one.
pub fn put(idx: u32) {
    let Some(arena) = arena() else { return };
    let head = super::head_of(idx);
    free(head, state::order(arena, head));
}

/// Drops a reference; was it the last? A count below one is a BUG and changes nothing.
fn last_reference(idx: u32) -> bool {
    let refcount = &map::page(idx).refcount;
    // AcqRel: whoever frees must see everything the other holders did before they let go.
    match refcount.fetch_sub(1, AcqRel) {
        1 => {
            refcount.store(1, Relaxed);
            true
        }
        n if n > 1 => false,
        n => {
            refcount.store(n, Relaxed);
            report::bug(format_args!("page {idx} freed with reference count {n}"));
            false
        }
    }
}

fn free_single(arena: &'static Arena, cell: &Cell, idx: u32) {
    match cell.push(arena, idx) {
        Push::Done => {}
        Push::Refused(wrong) => state::refuse(idx, wrong),
        Push::NoRoom => {
            free_block(arena, idx, 0, Some(cell));
        }
    }
}

/// Takes a block back under the depot's lock, so that it is never outside both; makes room in a full
/// cell on the way.
fn free_block(arena: &'static Arena, idx: u32, order: u32, full: Option<&Cell>) {
    let fits = u64::from(idx) + (1u64 << order.min(32)) <= u64::from(arena.max_pages);
    if order > super::MAX_ORDER || !fits {
        return report::bug(format_args!("page {idx} freed with impossible order {order}"));
    }
    let Some(depot) = DEPOT.open(arena, true) else { return };
    if let Some(cell) = full {
        FLUSHES.fetch_add(1, Relaxed);
        cell.flush(&depot);
    }
    let taken = state::take_back(arena, idx, order);
    if taken.is_ok() {
        depot.put(idx, order);
        DIRECT.fetch_add(1 << order, Relaxed);
    }
    drop(depot);
    if let Err(wrong) = taken {
        state::refuse(idx, wrong);
    }
}
