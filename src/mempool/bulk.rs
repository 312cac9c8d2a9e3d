//! Many elements at once, in all the shapes the kernel has had: the v2 array and callback forms, the
//! 6.19 and 7.2 `mempool_alloc_bulk`. One loop serves the array shapes; what a user's bulk function
//! claims is never believed, the slots are looked at. Nobody sleeps while holding reserve elements,
//! unless the request is larger than the reserve can ever be; of those one at a time.
#![forbid(unsafe_code)]

use super::alloc::masks;
use super::raw::{self, Mempool, Slots};
use super::ready::{self, Kind};
use super::reserve::{self, Put, Take};
use super::stats::{ALLOCATED, FREED, FROM_RESERVE, count};
use super::wait::{self, Waiter};
use super::{alloc, direct, pool};
use crate::arena::map::{self, Page};
use crate::gfp::*;
use crate::pages;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering::*};

/// The v2 array form: fills the NULL slots; true when none is left.
#[inline(always)]
pub fn array(pool: &Mempool, gfp: u32, mut slots: Slots) -> bool {
    direct::array(pool, masks(gfp).0, slots.pages()) || array_step_by_step(pool, gfp, slots)
}

#[cold]
fn array_step_by_step(pool: &Mempool, gfp: u32, slots: Slots) -> bool {
    if slots.is_empty() {
        return true;
    }
    if !pool::usable(pool) {
        return false;
    }
    let before = slots.missing();
    let full = before == 0 && !matches!(ready::kind(pool), Kind::Bulk);
    let filled = full || fill(pool, gfp, &slots);
    count(pool, ALLOCATED, before - slots.missing());
    filled
}

/// `mempool_alloc_bulk`: sleeps until every slot is filled. `fresh` ignores what the slots held.
pub fn elements(pool: &Mempool, slots: Slots, fresh: bool) {
    if fresh {
        (0..slots.len()).for_each(|i| slots.set(i, null_mut()));
    }
    array(pool, GFP_KERNEL, slots);
}

fn fill(pool: &Mempool, gfp: u32, slots: &Slots) -> bool {
    let (mut mask, full) = masks(gfp);
    let mut oversized = Oversized::new(pool);
    loop {
        let waiter = may_sleep(mask).then(|| Waiter::register(pool));
        from_source(pool, mask, slots);
        let missing = slots.missing();
        if missing == 0 {
            return true;
        }
        let piecemeal = may_sleep(mask) && oversized.may_take(missing);
        let taken = reserve::take_into(pool, slots, missing, Take { may_sleep: may_sleep(gfp), piecemeal });
        count(pool, FROM_RESERVE, taken);
        if taken == missing {
            return true;
        }
        match waiter {
            _ if mask != full => mask = full,
            Some(waiter) => waiter.sleep(),
            None => return false,
        }
    }
}

/// Asks the pool's allocation function for what is missing, as far as it gives.
fn from_source(pool: &Mempool, mask: u32, slots: &Slots) {
    match ready::kind(pool) {
        Kind::OwnPages => {
            ready::fill({ *slots }.pages(), mask);
        }
        Kind::Bulk => {
            if let Some(bulk) = pool.bulk_fn() {
                bulk(mask, slots.len(), pool.data(), slots.as_ptr().cast(), None, null_mut());
            }
        }
        Kind::Single => {
            for i in (0..slots.len()).filter(|i| slots.get(*i).is_null()) {
                let element = alloc::element(pool, mask);
                if element.is_null() {
                    break;
                }
                slots.set(i, element);
            }
        }
    }
}

/// The v2 callback form: `cb` gets `nr` pages; false when a mask that may not sleep got fewer.
pub fn callback(pool: &Mempool, gfp: u32, nr: u32, cb: extern "C" fn(*mut Page, *mut c_void), data: *mut c_void) -> bool {
    let source = |mask, left| match ready::kind(pool) {
        Kind::OwnPages => pages::bulk(mask, -1, left, &mut |idx| cb(map::page_ptr(idx), data)),
        Kind::Bulk => raw::bulk_counted(pool.bulk_fn(), mask, left, pool.data(), cb, data),
        Kind::Single => one_by_one(pool, mask, left, &mut |page| cb(page, data)),
    };
    deliver(pool, gfp, nr, source, &mut |page| cb(page, data))
}

/// The same for a pool of our own pages and a function of this library.
pub fn each(pool: &Mempool, gfp: u32, nr: u32, sink: &mut dyn FnMut(*mut Page)) -> bool {
    // Both ways of delivery need the sink, never at the same time.
    let sink = core::cell::RefCell::new(sink);
    let source = |mask, left| pages::bulk(mask, -1, left, &mut |idx| (sink.borrow_mut())(map::page_ptr(idx)));
    deliver(pool, gfp, nr, source, &mut |page| (sink.borrow_mut())(page))
}

fn deliver(pool: &Mempool, gfp: u32, nr: u32, source: impl Fn(u32, u32) -> u32, sink: &mut dyn FnMut(*mut Page)) -> bool {
    if nr == 0 {
        return true;
    }
    if !pool::usable(pool) {
        return false;
    }
    let (mut mask, full) = masks(gfp);
    let mut oversized = Oversized::new(pool);
    let mut left = nr;
    loop {
        let waiter = may_sleep(mask).then(|| Waiter::register(pool));
        let got = source(mask, left).min(left);
        left -= got;
        let piecemeal = may_sleep(mask) && oversized.may_take(left);
        let claimed = if left == 0 { 0 } else { reserve::claim(pool, left, Take { may_sleep: may_sleep(gfp), piecemeal }) };
        for _ in 0..claimed {
            sink(reserve::deliver_claimed(pool).cast());
        }
        left -= claimed;
        count(pool, ALLOCATED, got + claimed);
        count(pool, FROM_RESERVE, claimed);
        match waiter {
            _ if left == 0 => return true,
            _ if mask != full => mask = full,
            Some(waiter) => waiter.sleep(),
            None => return false,
        }
    }
}

fn one_by_one(pool: &Mempool, mask: u32, nr: u32, sink: &mut dyn FnMut(*mut Page)) -> u32 {
    let mut got = 0;
    while got < nr {
        let element = alloc::element(pool, mask);
        if element.is_null() {
            break;
        }
        sink(element.cast());
        got += 1;
    }
    got
}

/// A request for more than the reserve can hold must take elements as they come, and sleeps holding
/// them. Two such requests could each hold what the other needs, so only one at a time may.
struct Oversized<'a> {
    pool: &'a Mempool,
    holds: bool,
}

impl<'a> Oversized<'a> {
    fn new(pool: &'a Mempool) -> Self {
        Oversized { pool, holds: false }
    }

    /// May a request that misses `missing` elements take fewer?
    fn may_take(&mut self, missing: u32) -> bool {
        if self.holds {
            return true;
        }
        if i64::from(missing) <= i64::from(reserve::wanted(self.pool)) {
            return false;
        }
        pool::warn_once(self.pool, pool::WARNED_OVERSIZED, "a request is larger than min_nr and may wait for ever");
        let turn: &AtomicU32 = &self.pool.oversized;
        self.holds = turn.compare_exchange(0, 1, Acquire, Relaxed).is_ok();
        self.holds
    }
}

impl Drop for Oversized<'_> {
    fn drop(&mut self) {
        if self.holds {
            // Pairs with the Acquire of the next such request; it may sleep for just this turn.
            self.pool.oversized.store(0, Release);
            wait::wake();
        }
    }
}

/// `mempool_free_bulk`: moves elements from the front into the reserve, setting their slots NULL; how
/// many slots are dealt with. Stops at a NULL slot and when the reserve is full.
pub fn free_some(pool: &Mempool, slots: Slots) -> u32 {
    let mut done = 0;
    while done < slots.len() && !slots.get(done).is_null() {
        if reserve::put(pool, slots.get(done)) == Put::Full {
            break;
        }
        slots.set(done, null_mut());
        done += 1;
    }
    if done > 0 {
        count(pool, FREED, done);
        wait::wake();
    }
    done
}

/// Gives every non-NULL element back; bad ones are reported and skipped.
#[inline(always)]
pub fn free_all(pool: &Mempool, mut slots: Slots) {
    if !direct::free_many(pool, slots.pages()) {
        free_step_by_step(pool, slots);
    }
}

#[cold]
fn free_step_by_step(pool: &Mempool, slots: Slots) {
    for i in 0..slots.len() {
        alloc::free(pool, slots.get(i));
    }
}
