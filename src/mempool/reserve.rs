//! The reserve: the elements a pool keeps so that a sleeping request can't fail.
//! Invariant: `0 <= curr_nr <= max(1, min_nr)`; only `put` and `take` below change it.
//! Our own pages are marked as reserve pages while they lie here, so that freeing one is found out.
//! Knows no mask and no sleeping.
#![forbid(unsafe_code)]

use super::raw::{Mempool, Slots};
use crate::arena::map;
use crate::observe::report;
use crate::pages;
use crate::sync::Guard;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::*, fence};

/// What became of an element that was offered to the reserve.
#[derive(PartialEq, Eq)]
pub enum Put {
    Stored,
    /// The reserve is full: the element is still the caller's.
    Full,
    /// Reported, or only a reference dropped: nothing more to do.
    Gone,
}

/// How many elements belong into the reserve: a pool of minimum zero keeps one.
pub fn wanted(pool: &Mempool) -> i32 {
    pool.min_nr.load(Relaxed).max(1)
}

/// Is there room? Looked at without the lock: Acquire pairs with the Release in `take`, so that an
/// element is never judged against a count from before it was taken.
pub fn is_short(pool: &Mempool) -> bool {
    fence(Acquire);
    pool.curr_nr.load(Acquire) < wanted(pool) && !pool.elements.load(Relaxed).is_null()
}

/// Is there certainly no room? For a pool that is initialised; Acquire as in `is_short`.
#[inline(always)]
pub fn is_full(pool: &Mempool) -> bool {
    pool.curr_nr.load(Acquire) >= wanted(pool)
}

/// Offers an element. The caller wakes sleepers afterwards.
pub fn put(pool: &Mempool, element: *mut c_void) -> Put {
    if !is_short(pool) {
        return Put::Full;
    }
    // Marked before the lock is taken: a refusal is reported, and reports run user code.
    let page = match shelve(element) {
        Ok(page) => page,
        Err(()) => return Put::Gone,
    };
    let guard = pool.lock.lock();
    let at = pool.curr_nr.load(Relaxed);
    if at < wanted(pool) && (at as u32) < pool.capacity.load(Relaxed) {
        pool.slot(&guard, at as u32).store(element, Relaxed);
        pool.curr_nr.store(at + 1, Release);
        return Put::Stored;
    }
    drop(guard);
    if let Some(idx) = page {
        pages::unshelve(idx);
    }
    Put::Full
}

/// Takes the most recently added element. A caller that may not sleep sees an empty reserve while the
/// lock stays busy.
pub fn take(pool: &Mempool, may_sleep: bool) -> Option<*mut c_void> {
    if pool.curr_nr.load(Relaxed) <= 0 {
        return None;
    }
    let guard = pool.lock.lock_if(may_sleep)?;
    take_locked(pool, &guard)
}

fn take_locked(pool: &Mempool, guard: &Guard<'_>) -> Option<*mut c_void> {
    let at = pool.curr_nr.load(Relaxed);
    if at <= 0 {
        return None;
    }
    let slot = pool.slot(guard, at as u32 - 1);
    let element = slot.swap(null_mut(), Relaxed);
    pool.curr_nr.store(at - 1, Release);
    unshelve(element);
    Some(element)
}

/// How a request for many may take.
#[derive(Clone, Copy)]
pub struct Take {
    /// May it wait for the pool's lock?
    pub may_sleep: bool,
    /// May it take fewer than it needs?
    pub piecemeal: bool,
}

/// Fills the NULL slots: all of them or, unless `piecemeal`, none. How many were filled.
pub fn take_into(pool: &Mempool, slots: &Slots, missing: u32, take: Take) -> u32 {
    let Some(guard) = pool.lock.lock_if(take.may_sleep) else { return 0 };
    let have = pool.curr_nr.load(Relaxed).max(0) as u32;
    if have < missing && !take.piecemeal {
        return 0;
    }
    let mut taken = 0;
    for i in 0..slots.len() {
        if slots.get(i).is_null() {
            let Some(element) = take_locked(pool, &guard) else { break };
            slots.set(i, element);
            taken += 1;
        }
    }
    taken
}

/// Sets `nr` elements aside for a callback request, all or (unless `piecemeal`) none; how many. They
/// leave the reserve at once, and `deliver_claimed` hands them out one by one.
pub fn claim(pool: &Mempool, nr: u32, take: Take) -> u32 {
    let Some(guard) = pool.lock.lock_if(take.may_sleep) else { return 0 };
    let capacity = pool.capacity.load(Relaxed);
    let claimed = pool.claimed.load(Relaxed);
    let have = (pool.curr_nr.load(Relaxed).max(0) as u32).min(capacity - claimed);
    if have < nr && !take.piecemeal {
        return 0;
    }
    let n = have.min(nr);
    for i in 0..n {
        let Some(element) = take_locked(pool, &guard) else { unreachable!("counted above") };
        pool.slot(&guard, capacity + claimed + i).store(element, Relaxed);
    }
    pool.claimed.store(claimed + n, Relaxed);
    n
}

/// One of the elements that `claim` set aside. Any claimed element serves any claimer: each takes as
/// many as it claimed.
pub fn deliver_claimed(pool: &Mempool) -> *mut c_void {
    let guard = pool.lock.lock();
    let claimed = pool.claimed.load(Relaxed) - 1;
    pool.claimed.store(claimed, Relaxed);
    pool.slot(&guard, pool.capacity.load(Relaxed) + claimed).swap(null_mut(), Relaxed)
}

/// Marks an element that is one of our pages; Err when it must not be stored.
fn shelve(element: *mut c_void) -> Result<Option<u32>, ()> {
    let Some(idx) = map::page_index(element.cast()) else {
        if map::in_mem_map(element) {
            report::bug(format_args!("{element:p} points inside a struct page"));
            return Err(());
        }
        return Ok(None);
    };
    match pages::shelve(idx) {
        pages::Shelved::Stored => Ok(Some(idx)),
        _ => Err(()),
    }
}

fn unshelve(element: *mut c_void) {
    if let Some(idx) = map::page_index(element.cast()) {
        pages::unshelve(idx);
    }
}
