//! The ready-made allocation functions behind `mempool_alloc_pages`, `mempool_kmalloc` and the rest,
//! and which of them a pool uses: pools of our own single pages take the direct path without function
//! pointers. Knows no reserve.
#![forbid(unsafe_code)]

use super::raw::{self, AllocFn, BulkFn, FreeFn, Mempool};
use crate::arena::map::{self, Page};
use crate::arena::wide;
use crate::gfp::{__GFP_ZERO, EASY, may_sleep, of_user};
use crate::pages::{self, Prefer};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::Ordering::*;

/// How a pool gets its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One by one from the user's function.
    Single,
    /// From the user's bulk function.
    Bulk,
    /// Single pages of our own allocator.
    OwnPages,
}

const KIND_OWN: u32 = 1;

/// The exported functions whose pools take the direct path; the ffi tells their addresses, because
/// only it has the names that C code uses.
#[derive(Clone, Copy)]
pub struct Known {
    pub pages: (AllocFn, FreeFn),
    pub own: (BulkFn, FreeFn),
    /// Pairs whose pool_data is the size of an element in bytes.
    pub sized: [(AllocFn, FreeFn); 2],
    /// The pair whose pool_data is a slab cache.
    pub slab: (AllocFn, FreeFn),
}

impl Known {
    /// Is this classic pool one of single pages of ours?
    pub fn is_own(&self, alloc: AllocFn, free: FreeFn, data: *mut c_void) -> bool {
        same((alloc, free), self.pages) && data.is_null()
    }

    /// The size of this classic pool's elements in bytes, if they are pieces of the C library's memory.
    pub fn size(&self, alloc: AllocFn, free: FreeFn, data: *mut c_void) -> Option<usize> {
        if same((alloc, free), self.slab) {
            return raw::slab_of(data).map(|cache| cache.size as usize);
        }
        self.sized.iter().any(|sized| same((alloc, free), *sized)).then(|| data.addr())
    }

    /// Does this classic pool have blocks of pages, and of which order?
    pub fn order(&self, alloc: AllocFn, free: FreeFn, data: *mut c_void) -> Option<u32> {
        let blocks = same((alloc, free), self.pages);
        u32::try_from(data.addr()).ok().filter(|order| blocks && (1..=10).contains(order))
    }

    /// Is this bulk pool one of our own pages: no functions, or ours by name?
    pub fn is_own_bulk(&self, bulk: BulkFn, free: FreeFn) -> bool {
        match (bulk, free) {
            (None, None) => true,
            (Some(bulk), free) => {
                Some(bulk as usize) == self.own.0.map(|f| f as usize) && free_address(free) == free_address(self.own.1)
            }
            _ => false,
        }
    }
}

fn same(a: (AllocFn, FreeFn), b: (AllocFn, FreeFn)) -> bool {
    a.0.map(|f| f as usize) == b.0.map(|f| f as usize) && free_address(a.1) == free_address(b.1)
}

fn free_address(free: FreeFn) -> Option<usize> {
    free.map(|f| f as usize)
}

pub fn set_own(pool: &Mempool, own: bool) {
    pool.kind.store(if own { KIND_OWN } else { 0 }, Relaxed);
}

/// Remembers that a classic pool has blocks of more than one page.
pub fn set_blocks(pool: &Mempool, order: u32) {
    pool.kind.store(KIND_OWN + order, Relaxed);
}

/// The order of the blocks of a pool whose elements can only be pages of ours.
pub fn order(pool: &Mempool) -> Option<u32> {
    pool.kind.load(Relaxed).checked_sub(KIND_OWN)
}

/// The mask with which our own allocator is asked in a pass that has `mask`, of a request that came with
/// `gfp`: the first pass of one that may sleep is no reason for hard measures.
#[inline(always)]
pub fn own_mask(mask: u32, gfp: u32) -> u32 {
    of_user(mask) | if may_sleep(gfp) && !may_sleep(mask) { EASY } else { 0 }
}

/// Are the pool's elements single pages of ours? Only while it is initialised.
#[inline(always)]
pub fn is_own(pool: &Mempool) -> bool {
    pool.kind.load(Relaxed) == KIND_OWN
}

pub fn kind(pool: &Mempool) -> Kind {
    if is_own(pool) {
        Kind::OwnPages
    } else if pool.alloc_pages_bulk.load(Relaxed) != 0 {
        Kind::Bulk
    } else {
        Kind::Single
    }
}

/// Frees an element that must be a page of ours.
pub fn free_own(element: *mut c_void) {
    pages::put(element.cast());
}

/// A block of 2^order pages as `mempool_alloc_pages` gives it.
pub fn alloc_pages(gfp: u32, order: usize) -> *mut c_void {
    match u32::try_from(order) {
        Ok(order) => pages::alloc(of_user(gfp), order).map_or(null_mut(), |idx| map::page_ptr(idx).cast()),
        Err(_) => null_mut(),
    }
}

pub fn kmalloc(gfp: u32, size: usize) -> *mut c_void {
    raw::c_alloc(size, 16, gfp & __GFP_ZERO != 0)
}

/// Fills the NULL slots with our own pages, as far as they go; the number of populated slots from the
/// front.
#[inline(always)]
pub fn fill(slots: &mut [*mut Page], gfp: u32) -> usize {
    if wide::all_null(slots) { pages::alloc_many(gfp, Prefer::Cached, slots) } else { fill_holes(slots, gfp) }
}

#[cold]
fn fill_holes(slots: &mut [*mut Page], gfp: u32) -> usize {
    let mut at = 0;
    while at < slots.len() {
        let empty = slots[at..].iter().take_while(|slot| slot.is_null()).count();
        let n = pages::alloc_many(gfp, Prefer::Cached, &mut slots[at..at + empty]);
        at += n;
        if n < empty {
            break;
        }
        at += slots[at..].iter().take_while(|slot| !slot.is_null()).count();
    }
    at
}
