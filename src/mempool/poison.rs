//! What debugging aids do to an element while it lies in a reserve: poison, for pools that were set up with it,
//! and what tools are told. Only elements whose size is known are touched: those of this library's own
//! functions. Knows no mask and no queue.
//! Invariant: whatever `enter` did to an element, `leave` undoes or checks; both run with the pool's lock held.
//!
//! | bits of a pool's `covers` | meaning |
//! |---|---|
//! | 0 | elements are poisoned |
//! | above | bytes of an element; 0: not known, or of no interest |
#![forbid(unsafe_code)]

use super::mismatch;
use super::raw::Mempool;
use super::ready;
use crate::arena::map::{self, PAGE_SIZE};
use crate::config;
use crate::error::Error;
use crate::observe::hooks::{self, memory};
use crate::observe::{aids, report};
use core::ffi::c_void;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering::*};

const IN_RESERVE: u8 = 0x6b;
const END: u8 = 0xa5;
const IN_USE: u8 = 0x5a;

/// Pools that are set up.
static POOLS: AtomicU32 = AtomicU32::new(0);
/// What `set` said: 0 nothing, 1 no, 2 yes.
static SAID: AtomicU8 = AtomicU8::new(0);

/// Poisons the pools to come, or not; −EBUSY while there are any.
pub fn set(on: bool) -> Result<(), Error> {
    if POOLS.load(Relaxed) != 0 {
        return Err(Error::Busy);
    }
    SAID.store(if on { 2 } else { 1 }, Relaxed);
    Ok(())
}

pub fn count_pool(more: bool) {
    let _ = POOLS.fetch_update(Relaxed, Relaxed, |n| if more { n.checked_add(1) } else { n.checked_sub(1) });
}

/// Decides what becomes of the elements of a pool that is about to be filled. `size`, unless they are pages.
pub fn watch(pool: &Mempool, size: Option<usize>) {
    let poisoned = match SAID.load(Relaxed) {
        0 => config::poison(),
        said => said == 2,
    };
    let size = ready::order(pool).map(|order| PAGE_SIZE << order).or(size).unwrap_or(0);
    if poisoned || aids::tools() {
        pool.covers.store((size as u64) << 1 | u64::from(poisoned && size > 0), Relaxed);
    }
}

/// An element has come into the reserve.
#[inline(always)]
pub fn enter(pool: &Mempool, element: *mut c_void) {
    if pool.covers.load(Relaxed) != 0 || aids::tools() {
        entered(pool, element);
    }
}

/// An element has left the reserve.
#[inline(always)]
pub fn leave(pool: &Mempool, element: *mut c_void) {
    if pool.covers.load(Relaxed) != 0 || aids::tools() {
        left(pool, element);
    }
}

#[cold]
fn entered(pool: &Mempool, element: *mut c_void) {
    let bytes = bytes(pool, element);
    if let Some((at, size, true)) = bytes {
        memory::fill(at, size - 1, IN_RESERVE);
        memory::fill(at + size - 1, 1, END);
    }
    // After the last write: whoever takes the element out writes to it too.
    hooks::release(element.addr());
    if let Some((at, size, _)) = bytes {
        hooks::forbid(at, size);
    }
}

#[cold]
fn left(pool: &Mempool, element: *mut c_void) {
    hooks::acquire(element.addr());
    let Some((at, size, poisoned)) = bytes(pool, element) else { return };
    hooks::allow(at, size, poisoned);
    if !poisoned {
        return;
    }
    let wrong = memory::first_other(at, size - 1, IN_RESERVE).or_else(|| memory::first_other(at + size - 1, 1, END).map(|_| size - 1));
    match wrong {
        Some(offset) => mismatch::found(pool, at, size, offset),
        None => memory::fill(at, size, IN_USE),
    }
}

/// Where an element's bytes lie, how many, and whether they are poisoned.
fn bytes(pool: &Mempool, element: *mut c_void) -> Option<(usize, usize, bool)> {
    let covers = pool.covers.load(Relaxed);
    let (size, poisoned) = ((covers >> 1) as usize, covers & 1 != 0);
    let start = match ready::order(pool) {
        Some(_) => map::address(map::page_index(element.cast())?).addr(),
        None => element.addr(),
    };
    (size > 0).then_some((start, size, poisoned))
}

/// Can this be an element that somebody holds? With a tool that knows: a BUG if it lies in a reserve, was
/// freed, or is no start of a piece of memory. Pages are looked at by their states.
#[inline(always)]
pub fn is_whole(pool: &Mempool, element: *mut c_void) -> bool {
    !aids::tools() || looks_whole(pool, element)
}

#[cold]
fn looks_whole(pool: &Mempool, element: *mut c_void) -> bool {
    let of_c_library = pool.covers.load(Relaxed) >> 1 != 0 && ready::order(pool).is_none();
    if !of_c_library {
        return true;
    }
    let what = match element.addr() {
        at if hooks::is_forbidden(at) => "lies in a reserve or was freed: freed twice",
        at if !hooks::begins_allocation(at) => "is not where an element begins",
        _ => return true,
    };
    hooks::describe(element.addr());
    report::bug(format_args!("{element:p} {what}"));
    false
}
