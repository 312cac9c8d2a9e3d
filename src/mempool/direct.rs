//! The direct path of pools whose elements are single pages of ours: no function pointer, no pool lock, no
//! shared counter. Each function does the whole job or nothing of it, and then the general path of
//! `alloc` and `bulk` takes over. Knows no waiting.
#![forbid(unsafe_code)]

use super::raw::Mempool;
use super::stats::{ALLOCATED, FREED, count_own};
use super::{ready, reserve};
use crate::arena::map::Page;
use crate::arena::wide;
use crate::gfp::{__GFP_ZERO, SHORTCUT};
use crate::pages::{self, Prefer};
use core::ffi::c_void;
use core::ptr::null_mut;

/// A page from the allocator; None when it has none without effort.
#[inline(always)]
pub fn alloc(pool: &Mempool, gfp: u32) -> Option<*mut c_void> {
    if !ready::is_own(pool) || gfp & __GFP_ZERO != 0 {
        return None;
    }
    let page = pages::alloc_one_cached();
    if page.is_null() {
        return None;
    }
    count_own(pool, ALLOCATED, 1);
    Some(page.cast())
}

/// Gives a page back to the allocator; false when the reserve wants it.
#[inline(always)]
pub fn free(pool: &Mempool, element: *mut c_void) -> bool {
    let direct = ready::is_own(pool) && reserve::is_full(pool);
    if direct {
        let good = pages::put(element.cast());
        count_own(pool, FREED, good.into());
    }
    direct
}

/// Fills an array of nothing but NULL slots as far as that takes no sleeping; was that all of it?
#[inline(always)]
pub fn array(pool: &Mempool, gfp: u32, slots: &mut [*mut Page]) -> bool {
    ready::is_own(pool) && wide::all_null(slots) && fill(pool, gfp, slots) == slots.len()
}

/// The same whatever the slots hold; those that are not filled become NULL.
#[inline(always)]
pub fn fresh(pool: &Mempool, gfp: u32, slots: &mut [*mut Page]) -> bool {
    let done = if ready::is_own(pool) { fill(pool, gfp, slots) } else { 0 };
    if done < slots.len() {
        slots[done..].fill(null_mut());
    }
    done == slots.len()
}

/// From the front, whatever the slots hold; how many.
#[inline(always)]
fn fill(pool: &Mempool, gfp: u32, slots: &mut [*mut Page]) -> usize {
    let few = pages::are_few(slots.len()) && gfp & __GFP_ZERO == 0;
    let gfp = gfp | SHORTCUT;
    let n = if few { fill_few(gfp, slots) } else { pages::alloc_many(gfp, Prefer::Cached, slots) };
    count_own(pool, ALLOCATED, n as u64);
    n
}

#[inline(always)]
fn fill_few(gfp: u32, slots: &mut [*mut Page]) -> usize {
    let run = pages::cached_run(slots);
    if run == slots.len() { run } else { fill_scattered(gfp, slots, run) }
}

/// From slot `done` on. Not inline: it needs more registers than a run does.
#[inline(never)]
fn fill_scattered(gfp: u32, slots: &mut [*mut Page], done: usize) -> usize {
    done + pages::alloc_many(gfp, Prefer::Cached, &mut slots[done..])
}

/// Gives pages back to the allocator; false when the reserve wants some.
#[inline(always)]
pub fn free_many(pool: &Mempool, pages: &[*mut Page]) -> bool {
    let direct = ready::is_own(pool) && reserve::is_full(pool);
    if direct {
        let run = pages::are_few(pages.len()) && pages::put_run(pages);
        let good = if run { pages.len() } else { pages::put_many(pages) };
        count_own(pool, FREED, good as u64);
    }
    direct
}
