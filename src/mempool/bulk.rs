//! Many elements at once, in all the shapes the kernel has had: the v2 array and callback forms, the
//! 6.19 and 7.2 `mempool_alloc_bulk`. One loop serves the array shapes; what a user's bulk function
//! claims is never believed, the slots are looked at. Nobody sleeps while holding reserve elements,
//! unless the request is larger than the reserve can ever be; of those one at a time (see `queue`).
#![forbid(unsafe_code)]

use super::alloc::masks;
use super::queue::{self, Entry};
use super::raw::{self, Mempool, Slots};
use super::ready::{self, Kind};
use super::claims::Batch;
use super::reserve::{self, Put};
use super::stats::{ALLOCATED, FREED, FROM_RESERVE, TIMEOUTS, count};
use super::wait::{self, Deadline, Outcome};
use super::{alloc, claims, direct, pool, serve};
use crate::arena::map::Page;
use crate::error::Error;
use crate::gfp::*;
use crate::pages::{self, Prefer};
use crate::observe::fault::{self, Fault};
use core::ffi::c_void;
use core::mem;
use core::ptr::null_mut;

/// The v2 array form: fills the NULL slots; true when none is left.
#[inline(always)]
pub fn array(pool: &Mempool, gfp: u32, mut slots: Slots) -> bool {
    direct::array(pool, ready::own_mask(masks(gfp).0, gfp), slots.pages()) || array_for_ever(pool, gfp, slots)
}

/// The same with a time limit: what is there when it ends stays in the slots.
pub fn array_timeout(pool: &Mempool, gfp: u32, slots: Slots, deadline: Deadline) -> Result<(), Error> {
    if !slots.is_empty() && !pool::usable(pool) {
        return Err(Error::Invalid);
    }
    match array_until(pool, gfp, slots, deadline) {
        Outcome::Satisfied => Ok(()),
        Outcome::Gone => Err(Error::Invalid),
        Outcome::InVain => {
            count(pool, TIMEOUTS, 1);
            Err(Error::TimedOut)
        }
    }
}

#[cold]
fn array_for_ever(pool: &Mempool, gfp: u32, slots: Slots) -> bool {
    (slots.is_empty() || pool::usable(pool)) && array_until(pool, gfp, slots, None) == Outcome::Satisfied
}

fn array_until(pool: &Mempool, gfp: u32, slots: Slots, deadline: Deadline) -> Outcome {
    if slots.is_empty() {
        return Outcome::Satisfied;
    }
    let before = slots.missing();
    let full = before == 0 && !matches!(ready::kind(pool), Kind::Bulk);
    let outcome = if full { Outcome::Satisfied } else { fill(pool, gfp, &slots, deadline) };
    if outcome != Outcome::Gone {
        // A user's function may have taken out what the caller had put in.
        count(pool, ALLOCATED, before.saturating_sub(slots.missing()));
    }
    outcome
}

/// `mempool_alloc_bulk` of 7.2: sleeps until every slot is filled, whatever they held. False only as `wait::until` says.
#[inline(always)]
pub fn fresh(pool: &Mempool, mut slots: Slots) -> bool {
    direct::fresh(pool, ready::own_mask(masks(GFP_KERNEL).0, GFP_KERNEL), slots.pages()) || array_for_ever(pool, GFP_KERNEL, slots)
}

fn fill(pool: &Mempool, gfp: u32, slots: &Slots, deadline: Deadline) -> Outcome {
    let full = masks(gfp).1;
    match try_fill(pool, gfp, slots) {
        true => Outcome::Satisfied,
        false if !may_sleep(full) => Outcome::InVain,
        false => wait::until(pool, slots.missing(), deadline, &mut |entry| fill_pass(pool, full, gfp, slots, Some(entry))),
    }
}

/// The passes that need no place in the queue.
fn try_fill(pool: &Mempool, gfp: u32, slots: &Slots) -> bool {
    let (first, full) = masks(gfp);
    serve::help(pool, full);
    let struck = fault::strikes(Fault::MempoolAllocBulk, 1);
    let filled = if struck { fill_rest(pool, first, gfp, slots, None) } else { fill_pass(pool, first, gfp, slots, None) };
    filled || (first != full && !may_sleep(full) && fill_pass(pool, full, gfp, slots, None))
}

/// For a request that will not sleep but may queue: all passes, once.
pub fn fill_once(pool: &Mempool, gfp: u32, slots: &Slots) -> bool {
    let full = masks(gfp).1;
    try_fill(pool, gfp, slots) || (may_sleep(full) && fill_pass(pool, full, gfp, slots, None))
}

/// One pass: the pool's function, then the reserve for all that is still missing.
fn fill_pass(pool: &Mempool, mask: u32, gfp: u32, slots: &Slots, who: Option<&Entry>) -> bool {
    if !queue::has_grant(who) {
        from_source(pool, mask, gfp, slots);
    }
    fill_rest(pool, mask, gfp, slots, who)
}

/// The reserve's part of a pass.
fn fill_rest(pool: &Mempool, mask: u32, gfp: u32, slots: &Slots, who: Option<&Entry>) -> bool {
    let missing = slots.missing();
    if missing == 0 {
        return true;
    }
    warn_oversized(pool, mask, missing);
    let taken = reserve::take_into(pool, who, slots, missing, may_sleep(gfp));
    count(pool, FROM_RESERVE, taken);
    taken == missing
}

/// What the reserve is about to be asked for can be more than it will ever have, or to be zero.
fn warn_oversized(pool: &Mempool, mask: u32, missing: u32) {
    if missing > 0 && mask & __GFP_ZERO != 0 {
        pool::warn_once(pool, pool::WARNED_ZERO, "__GFP_ZERO: elements of the reserve are not zeroed");
    }
    if may_sleep(mask) && i64::from(missing) > i64::from(reserve::wanted(pool)) {
        pool::warn_once(pool, pool::WARNED_OVERSIZED, "a request is larger than min_nr and may wait for ever");
    }
}

/// Asks the pool's allocation function for what is missing, as far as it gives.
fn from_source(pool: &Mempool, mask: u32, gfp: u32, slots: &Slots) {
    match ready::kind(pool) {
        Kind::OwnPages => {
            ready::fill({ *slots }.pages(), ready::own_mask(mask, gfp));
        }
        Kind::Bulk => {
            if let Some(bulk) = pool.bulk_fn() {
                bulk(mask, slots.len(), pool.data(), slots.as_ptr().cast(), None, null_mut());
            }
        }
        Kind::Single => {
            for i in (0..slots.len()).filter(|i| slots.get(*i).is_null()) {
                let element = alloc::element(pool, mask, gfp);
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
        Kind::OwnPages => pages::for_each(ready::own_mask(mask, gfp), Prefer::Cached, left, |page| cb(page, data)),
        Kind::Bulk => raw::bulk_counted(pool.bulk_fn(), mask, left, pool.data(), cb, data),
        Kind::Single => one_by_one(pool, mask, left, &mut |page| cb(page, data)),
    };
    deliver(pool, gfp, nr, source, &|page| cb(page, data), &|| {})
}

/// The same for a pool of our own pages and a function of this library that wants neighbours, and gathers
/// them until `pause`.
pub fn runs(pool: &Mempool, gfp: u32, nr: u32, sink: &dyn Fn(*mut Page), pause: &dyn Fn()) -> bool {
    let source = |mask, left| pages::for_each(ready::own_mask(mask, gfp), Prefer::Runs, left, sink);
    deliver(pool, gfp, nr, source, sink, pause)
}

/// `pause` runs before each sleep: what the caller has not got yet, he can't give back to whom we wait for.
fn deliver(pool: &Mempool, gfp: u32, nr: u32, source: impl Fn(u32, u32) -> u32, sink: &dyn Fn(*mut Page), pause: &dyn Fn()) -> bool {
    if nr == 0 {
        return true;
    }
    if !pool::usable(pool) {
        return false;
    }
    let (first, full) = masks(gfp);
    serve::help(pool, full);
    let mut left = nr;
    let mut struck = fault::strikes(Fault::MempoolAllocBulk, 1);
    let mut pass = |mask, who: Option<&Entry>| {
        let got = if queue::has_grant(who) || mem::take(&mut struck) { 0 } else { source(mask, left).min(left) };
        left -= got;
        warn_oversized(pool, mask, left);
        let reserved = if left == 0 { 0 } else { from_reserve(pool, who, left, may_sleep(gfp), sink) };
        left -= reserved;
        count(pool, ALLOCATED, got + reserved);
        count(pool, FROM_RESERVE, reserved);
        left
    };
    let missing = pass(first, None);
    if missing == 0 || !may_sleep(full) {
        return missing == 0 || (first != full && pass(full, None) == 0);
    }
    wait::until(pool, missing, None, &mut |entry| {
        let all = pass(full, Some(entry)) == 0;
        if !all {
            pause();
        }
        all
    }) == Outcome::Satisfied
}

/// Delivers up to `nr` elements of the reserve with no lock held; how many.
fn from_reserve(pool: &Mempool, who: Option<&Entry>, nr: u32, may_sleep: bool, sink: &dyn Fn(*mut Page)) -> u32 {
    let mut batch = Batch::new();
    let mut got = 0;
    loop {
        let mut left = claims::claim(pool, who, nr - got, may_sleep, &mut batch);
        let claimed = left;
        while left > 0 {
            for element in batch.drain() {
                sink(element.cast());
                left -= 1;
            }
            if left > 0 {
                claims::next_claimed(pool, left, &mut batch);
            }
        }
        got += claimed;
        if may_sleep || claimed == 0 || got == nr {
            return got;
        }
    }
}

fn one_by_one(pool: &Mempool, mask: u32, nr: u32, sink: &mut dyn FnMut(*mut Page)) -> u32 {
    let mut got = 0;
    while got < nr {
        let element = alloc::element(pool, mask, mask);
        if element.is_null() {
            break;
        }
        sink(element.cast());
        got += 1;
    }
    got
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
        serve::gave(pool);
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

/// What fits the reserve is told to those who wait at once, not one by one.
#[cold]
fn free_step_by_step(pool: &Mempool, slots: Slots) {
    let mut stored = 0;
    let mut at = 0;
    while at < slots.len() {
        match slots.get(at) {
            element if element.is_null() => {}
            element => match reserve::put(pool, element) {
                Put::Stored => stored += 1,
                Put::Gone => {}
                Put::Full => break,
            },
        }
        at += 1;
    }
    if stored > 0 {
        count(pool, FREED, stored);
        serve::gave(pool);
    }
    (at..slots.len()).for_each(|i| alloc::free(pool, slots.get(i)));
}
