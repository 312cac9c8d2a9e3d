//! Who waits for a pool's elements, in order, and who may take them: the whole policy, under the
//! pool's lock. Knows no clock but `sync::now`, no source and no user function.
//!
//! Elements go to whoever comes, queued or not, as in the kernel. But each entry counts the elements
//! that others took from the reserve past it; once the oldest entry has counted more than
//! `2 × min_nr` it is *entitled*: what comes is kept for it alone. That ends when it has what it
//! misses, or after one second: then all counts start again at zero, so that a program that is live
//! without this rule (a holder that needs one more before it gives anything back) stays live.
//! Only the oldest can be entitled, since whatever passes a younger entry has passed the older too.

use super::raw::{self, Mempool, Request};
use super::reserve;
use super::stats::{ALLOCATED, FROM_RESERVE, count};
use crate::sync::{Guard, Linked, Links, Parker, Wakes, now};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

/// How long elements are kept for an entitled entry, in nanoseconds.
const KEPT: u64 = 1_000_000_000;

/// `least` of a pool without requests.
const NO_REQUEST: u32 = i32::MAX as u32;

/// One who waits: in the frame of a sleeping thread or in a user's request. The pool's lock orders
/// everything here, except what the sleeper watches without it: `parker` and `gone`.
#[derive(Default)]
pub struct Entry {
    links: Links<Entry>,
    /// The request around this entry; NULL for a thread.
    pub request: AtomicPtr<Request>,
    /// Where its thread sleeps; it is counted in the pool's `parked` while asleep. Unused in a request.
    pub parker: Parker,
    /// 1 iff the pool was exited: the entry is in no queue, its thread must not touch the pool.
    pub gone: AtomicU32,
    /// Elements it still wants; 0: it has them and is about to leave.
    pub missing: AtomicU32,
    /// Elements that went past it, not counting those since `went` was at `mark`.
    passed: AtomicU32,
    mark: AtomicU32,
    /// 1 iff it once wanted more than the reserve can hold: then it takes what comes.
    oversized: AtomicU32,
    /// When it became entitled; 0: it is not.
    since: AtomicU64,
}

impl Linked for Entry {
    fn links(&self) -> &Links<Entry> {
        &self.links
    }
}

impl Entry {
    pub fn reset(&self, request: *mut Request) {
        self.request.store(request, Relaxed);
        self.parker.reset();
        for word in [&self.gone, &self.missing, &self.passed, &self.mark, &self.oversized] {
            word.store(0, Relaxed);
        }
        self.since.store(0, Relaxed);
    }
}

/// Makes a pool's queue empty whatever the memory held before.
pub fn reset(pool: &Mempool) {
    for word in [&pool.waiters, &pool.requests, &pool.news, &pool.parked, &pool.went, &pool.least] {
        word.store(0, Relaxed);
    }
    pool.queue.reset();
}

fn same(a: &Entry, b: Option<&Entry>) -> bool {
    b.is_some_and(|b| ptr::eq(a, b))
}

/// The oldest who still waits.
fn head<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<&'g Entry> {
    pool.queue.iter(guard).find(|entry| entry.missing.load(Relaxed) > 0)
}

/// The entry that alone may take, and when that ends.
pub fn entitled<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<(&'g Entry, u64)> {
    let entry = head(pool, guard)?;
    let until = match entry.since.load(Relaxed) {
        0 => return None,
        since => since + KEPT,
    };
    if now() < until {
        return Some((entry, until));
    }
    for entry in pool.queue.iter(guard) {
        entry.passed.store(0, Relaxed);
        entry.mark.store(pool.went.load(Relaxed), Relaxed);
        entry.since.store(0, Relaxed);
    }
    // For those who are about to sleep: they found the reserve closed, and now it is open. Those who
    // sleep already wake up at `until` by themselves.
    pool.news.fetch_add(1, Release);
    None
}

/// How many elements of the reserve `who` (None: somebody not queued) may take who misses `missing`:
/// all or none, but what there is for the oldest entry if it misses more than the reserve can hold.
pub fn allowed(pool: &Mempool, guard: &Guard<'_>, who: Option<&Entry>, missing: u32) -> u32 {
    if let Some(me) = who {
        me.missing.store(missing, Relaxed);
    }
    let have = pool.curr_nr.load(Relaxed).max(0) as u32;
    if have == 0 || entitled(pool, guard).is_some_and(|(owner, _)| !same(owner, who)) {
        0
    } else if have >= missing {
        missing
    } else if takes_what_comes(pool, guard, who, missing) {
        have
    } else {
        0
    }
}

/// Only the oldest entry may, and it stays the oldest until it leaves: so no two hold part of what the
/// other needs.
fn takes_what_comes(pool: &Mempool, guard: &Guard<'_>, who: Option<&Entry>, missing: u32) -> bool {
    let Some(me) = who else { return false };
    if missing > reserve::wanted(pool) as u32 {
        me.oversized.store(1, Relaxed);
    }
    me.oversized.load(Relaxed) != 0 && head(pool, guard).is_some_and(|oldest| same(oldest, who))
}

/// Notes that `who` took `n` elements, and lets go of the lock.
pub fn took(pool: &Mempool, guard: Guard<'_>, who: Option<&Entry>, n: u32) {
    if n == 0 || pool.queue.is_empty() {
        return;
    }
    let mut wakes = Wakes::new();
    pass(pool, &guard, who, n, &mut wakes);
    drop(guard);
}

/// `who` took `n` elements past all entries that are older.
fn pass(pool: &Mempool, guard: &Guard<'_>, who: Option<&Entry>, n: u32, wakes: &mut Wakes) {
    match who {
        None => {
            pool.went.fetch_add(n, Relaxed);
        }
        Some(me) => {
            me.missing.fetch_sub(n, Relaxed);
            for entry in pool.queue.iter(guard).take_while(|entry| !same(entry, who)) {
                entry.passed.fetch_add(n, Relaxed);
            }
        }
    }
    settle(pool, guard, wakes);
}

fn passed(pool: &Mempool, entry: &Entry) -> u32 {
    entry.passed.load(Relaxed).saturating_add(pool.went.load(Relaxed).wrapping_sub(entry.mark.load(Relaxed)))
}

/// Hands elements of the reserve to requests, oldest first; the first that has all it wants then.
pub fn next_request<'g>(pool: &Mempool, guard: &'g Guard<'_>, wakes: &mut Wakes) -> Option<&'g Request> {
    if let Some((owner, _)) = entitled(pool, guard) {
        return raw::request_of(owner).filter(|request| hand_over(pool, guard, request, wakes));
    }
    // Frees are frequent and queues may be long: no look at each for every element that comes.
    if pool.curr_nr.load(Relaxed) < pool.least.load(Relaxed) as i32 {
        return None;
    }
    let mut least = NO_REQUEST;
    for entry in pool.queue.iter(guard) {
        let Some(request) = raw::request_of(entry) else { continue };
        if hand_over(pool, guard, request, wakes) {
            return Some(request);
        }
        least = least.min(can_use(pool, guard, entry));
    }
    pool.least.store(least, Relaxed);
    None
}

/// The fewest elements that are of use to a request.
fn can_use(pool: &Mempool, guard: &Guard<'_>, entry: &Entry) -> u32 {
    let missing = entry.missing.load(Relaxed);
    if takes_what_comes(pool, guard, Some(entry), missing) { 1 } else { missing }
}

/// Gives a request what it may have; true when it misses nothing then.
fn hand_over(pool: &Mempool, guard: &Guard<'_>, request: &Request, wakes: &mut Wakes) -> bool {
    let missing = request.entry.missing.load(Relaxed);
    let n = allowed(pool, guard, Some(&request.entry), missing);
    if let Some(slots) = request.slots().filter(|_| n > 0) {
        reserve::fill_slots(pool, guard, &slots, n);
        count(pool, ALLOCATED, n);
        count(pool, FROM_RESERVE, n);
        pass(pool, guard, Some(&request.entry), n, wakes);
    }
    n == missing
}

/// Entitles the oldest entry if that is due. Everybody is woken then, to sleep no longer than that lasts.
pub fn settle(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    let Some(entry) = head(pool, guard) else { return };
    let bound = 2 * reserve::wanted(pool) as u32;
    if passed(pool, entry) > bound && entry.since.load(Relaxed) == 0 {
        entry.since.store(now(), Relaxed);
        tell_all(pool, guard, wakes);
    }
}

/// Something is in the reserve: wakes everybody, as the kernel does, or the one it is kept for.
pub fn tell(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    match entitled(pool, guard) {
        None => tell_all(pool, guard, wakes),
        Some((owner, _)) => {
            pool.news.fetch_add(1, Release);
            if allowed(pool, guard, Some(owner), owner.missing.load(Relaxed)) > 0 {
                unpark(pool, owner, wakes);
            }
        }
    }
}

/// Something changed that all who wait may want to look at.
pub fn tell_all(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    // Release pairs with the Acquire of the look before a sleeper's last try.
    pool.news.fetch_add(1, Release);
    for entry in pool.queue.iter(guard).take_while(|_| pool.parked.load(Relaxed) > 0) {
        unpark(pool, entry, wakes);
    }
}

fn unpark(pool: &Mempool, entry: &Entry, wakes: &mut Wakes) {
    if entry.parker.is_asleep() {
        pool.parked.fetch_sub(1, Relaxed);
        wakes.add(&entry.parker);
    }
}

/// Joins the queue's end, with the pool's lock held.
pub fn join(pool: &Mempool, guard: &Guard<'_>, entry: &Entry, missing: u32) {
    entry.missing.store(missing, Relaxed);
    entry.mark.store(pool.went.load(Relaxed), Relaxed);
    pool.queue.push(guard, entry);
    pool.waiters.fetch_add(1, Relaxed);
    if !entry.request.load(Relaxed).is_null() {
        let others = if pool.requests.fetch_add(1, Relaxed) == 0 { NO_REQUEST } else { pool.least.load(Relaxed) };
        pool.least.store(others.min(can_use(pool, guard, entry)), Relaxed);
    }
}

/// Leaves the queue, with the pool's lock held. If the others could not take because of this entry
/// they are woken.
pub fn part(pool: &Mempool, guard: &Guard<'_>, entry: &Entry, wakes: &mut Wakes) {
    let blocked = entry.since.load(Relaxed) != 0 || entry.oversized.load(Relaxed) != 0;
    pool.queue.remove(guard, entry);
    // One that is larger than the reserve may be the oldest now: then one element will do.
    if let Some(oldest) = head(pool, guard) {
        pool.least.store(pool.least.load(Relaxed).min(can_use(pool, guard, oldest)), Relaxed);
    }
    pool.waiters.fetch_sub(1, Relaxed);
    pool.requests.fetch_sub(u32::from(!entry.request.load(Relaxed).is_null()), Relaxed);
    settle(pool, guard, wakes);
    if blocked && pool.curr_nr.load(Relaxed) > 0 {
        tell(pool, guard, wakes);
    }
}

/// Takes the entries of all threads out of the queue, in a child that has only one.
pub fn forget_threads(pool: &Mempool, guard: &Guard<'_>) {
    for entry in pool.queue.iter(guard).filter(|entry| entry.request.load(Relaxed).is_null()) {
        pool.queue.remove(guard, entry);
    }
    pool.parked.store(0, Relaxed);
    pool.waiters.store(pool.requests.load(Relaxed), Relaxed);
}

/// Empties the queue of a pool that is exited: requests are dropped, threads sent away.
pub fn abandon(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    for entry in pool.queue.iter(guard) {
        pool.queue.remove(guard, entry);
        match raw::request_of(entry) {
            Some(request) => request.entry.request.store(ptr::null_mut(), Relaxed),
            None => {
                unpark(pool, entry, wakes);
                // The last touch: from here on only a call to wake it keeps the thread's frame.
                entry.gone.store(1, Release);
            }
        }
    }
    for count in [&pool.waiters, &pool.requests, &pool.parked] {
        count.store(0, Relaxed);
    }
}
