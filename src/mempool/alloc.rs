//! One element: the order of attempts that the kernel promises, and giving one back.
//! `alloc` without sleeping → reserve → `alloc` as the mask has it → reserve → sleep → again.
//! Knows nothing of arrays. No lock is held around user functions.
#![forbid(unsafe_code)]

use super::queue::{self, Entry};
use super::raw::{self, Mempool};
use super::reserve::{self, Put};
use super::stats::{ALLOCATED, FREED, FROM_RESERVE, count};
use super::{direct, finish, pool, ready, serve, wait};
use crate::gfp::*;
use crate::observe::fault::{self, Fault};
use crate::observe::report;
use crate::pages;
use core::ffi::c_void;
use core::ptr::null_mut;

/// The two masks of a request: the first try and all later ones.
pub fn masks(gfp: u32) -> (u32, u32) {
    let full = gfp | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
    (full & !(__GFP_DIRECT_RECLAIM | __GFP_IO), full)
}

/// An element; NULL only if the mask may not sleep.
#[inline(always)]
pub fn one(pool: &Mempool, gfp: u32) -> *mut c_void {
    direct::alloc(pool, gfp).unwrap_or_else(|| one_step_by_step(pool, gfp))
}

#[cold]
fn one_step_by_step(pool: &Mempool, gfp: u32) -> *mut c_void {
    if !pool::usable(pool) {
        return null_mut();
    }
    if gfp & __GFP_ZERO != 0 {
        pool::warn_once(pool, pool::WARNED_ZERO, "__GFP_ZERO: elements of the reserve are not zeroed");
    }
    let (first, full) = masks(gfp);
    serve::help(pool, full);
    if let Some(element) = attempt(pool, first, gfp, None) {
        return element;
    }
    if !may_sleep(full) {
        return if first == full { null_mut() } else { attempt(pool, full, gfp, None).unwrap_or(null_mut()) };
    }
    let mut got = null_mut();
    wait::until(pool, 1, None, &mut |entry| {
        got = attempt(pool, full, gfp, Some(entry)).unwrap_or(null_mut());
        !got.is_null()
    });
    got
}

/// One pass: the pool's function, then the reserve.
fn attempt(pool: &Mempool, mask: u32, gfp: u32, who: Option<&Entry>) -> Option<*mut c_void> {
    let skip = queue::has_grant(who) || fault::strikes(Fault::MempoolAlloc, 1);
    let mut element = if skip { null_mut() } else { element(pool, mask, gfp) };
    if element.is_null() {
        element = reserve::take(pool, who, may_sleep(gfp))?;
        count(pool, FROM_RESERVE, 1);
    }
    count(pool, ALLOCATED, 1);
    Some(element)
}

/// An element from the pool's allocation function, not from the reserve, in a pass with `mask` of a request
/// with `gfp`; NULL if it gives none.
pub fn element(pool: &Mempool, mask: u32, gfp: u32) -> *mut c_void {
    match ready::kind(pool) {
        ready::Kind::OwnPages => pages::alloc_one(ready::own_mask(mask, gfp)).cast(),
        ready::Kind::Bulk => raw::bulk_one(pool.bulk_fn(), mask, pool.data()),
        ready::Kind::Single => pool.alloc_fn().map_or(null_mut(), |alloc| alloc(mask, pool.data())),
    }
}

/// One element of the reserve, or NULL at once.
pub fn preallocated(pool: &Mempool) -> *mut c_void {
    let Some(element) = reserve::take(pool, None, false) else {
        pool::is_refused(pool);
        return null_mut();
    };
    count(pool, ALLOCATED, 1);
    count(pool, FROM_RESERVE, 1);
    element
}

/// One element without the pool's promise: no reserve, no sleep of the pool's.
pub fn noreserve(pool: &Mempool, gfp: u32) -> *mut c_void {
    if !pool::usable(pool) {
        return null_mut();
    }
    let element = element(pool, gfp, gfp);
    if !element.is_null() {
        count(pool, ALLOCATED, 1);
    }
    element
}

/// Gives an element back: to the reserve while that is short, else to the pool's free function.
#[inline(always)]
pub fn free(pool: &Mempool, element: *mut c_void) {
    if !direct::free(pool, element) {
        free_step_by_step(pool, element);
    }
}

#[cold]
fn free_step_by_step(pool: &Mempool, element: *mut c_void) {
    if element.is_null() {
        return;
    }
    let put = reserve::put(pool, element);
    if put != Put::Gone {
        count(pool, FREED, 1);
    }
    match put {
        Put::Full => {
            finish::what_is_left(pool);
            dispose(pool, element);
        }
        _ => serve::gave(pool),
    }
}

/// Hands an element to the pool's free function.
pub fn dispose(pool: &Mempool, element: *mut c_void) {
    match pool.free_fn() {
        _ if matches!(ready::kind(pool), ready::Kind::OwnPages) => ready::free_own(element),
        Some(free) => free(element, pool.data()),
        None => report::bug(format_args!("{element:p} freed into a pool that was never initialised")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_the_kernels() {
        for (gfp, first, full) in [
            (0xcc0, 0x92880, 0x92cc0),
            (0xc00, 0x92800, 0x92c00),
            (0xc40, 0x92800, 0x92c40),
            (0x820, 0x92820, 0x92820),
            (0x2802, 0x92802, 0x92802),
            (0x40, 0x92000, 0x92040),
            (0, 0x92000, 0x92000),
        ] {
            assert_eq!(masks(gfp), (first, full));
        }
    }
}
