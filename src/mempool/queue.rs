//! Who waits for a pool's elements, in order, and who may take them: the policy, under the pool's lock.
//! Whom to wake is decided in `calls`. Knows no source and no user function.
//!
//! Elements go to whoever comes, queued or not, as in the kernel. But each entry counts the elements
//! that others took from the reserve past it; the oldest that has counted more than `2 × min_nr` is
//! *entitled*: what comes is kept for it alone. That ends when it has what it misses, or after one
//! second: then its count starts again at zero, so that a program that is live without this rule (a
//! holder that needs one more before it gives anything back) stays live. The counts of others stay:
//! were they reset too, the holder could be passed for ever (docs/models/waiting.pml finds that).
//!
//! An entitled thread that sleeps need not be waited for once the reserve has enough: that many are
//! *granted* to it, and the next has its turn. Its thread takes them before anything else.
#![forbid(unsafe_code)]

use super::raw::{self, Mempool, Request};
use super::stats::{ALLOCATED, FROM_RESERVE, count};
use super::{calls, reserve};
use crate::observe::hooks;
use crate::sync::{Guard, Linked, Links, Parker, Wakes, now, percpu};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering::*};

/// How long elements are kept for an entitled entry, in nanoseconds.
pub const KEPT: u64 = 1_000_000_000;

/// The ticket of nobody.
pub const NO_TICKET: u64 = 0;

/// `least` of a pool without requests.
const NO_REQUEST: u32 = i32::MAX as u32;

/// One who waits: in the frame of a sleeping thread or in a user's request. The pool's lock orders
/// everything here, except what the sleeper watches without it: `parker` and `gone`.
#[derive(Default)]
pub struct Entry {
    links: Links<Entry>,
    /// The request around this entry; NULL for a thread.
    pub request: AtomicPtr<Request>,
    /// Which thread waits, as far as 32 bits tell; means nothing in a request.
    thread: AtomicU32,
    /// Where its thread sleeps; it is counted in the pool's `parked` while asleep. Unused in a request.
    pub parker: Parker,
    /// 1 iff the pool was exited: the entry is in no queue, its thread must not touch the pool.
    pub gone: AtomicU32,
    /// Elements it still wants, not counting `granted`; 0: it is about to have all and leave.
    pub missing: AtomicU32,
    /// Elements of the reserve that only it may take, however long it takes.
    pub granted: AtomicU32,
    /// Elements that went past it, not counting those since `went` was at `mark`.
    passed: AtomicU32,
    mark: AtomicU32,
    /// 1 iff it was entitled in vain once, so that it may have counted less than younger entries.
    anew: AtomicU8,
    /// 1 iff it once wanted more than the reserve can hold: then it takes what comes.
    oversized: AtomicU8,
    /// When it became entitled; 0: it is not.
    pub since: AtomicU64,
    /// Which of all requests ever queued this is: the structure may be submitted again as soon as it has ended,
    /// so its address tells nothing. Unused in a thread's.
    pub ticket: AtomicU64,
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
        let words = [&self.gone, &self.missing, &self.granted, &self.passed, &self.mark, &self.thread];
        [&self.anew, &self.oversized].iter().for_each(|flag| flag.store(0, Relaxed));
        words.iter().for_each(|word| word.store(0, Relaxed));
        self.since.store(0, Relaxed);
        self.ticket.store(NO_TICKET, Relaxed);
    }
}

/// Makes a pool's queue empty whatever the memory held before.
pub fn reset(pool: &Mempool) {
    let words = [&pool.waiters, &pool.requests, &pool.news, &pool.parked, &pool.kept, &pool.went, &pool.least];
    words.iter().for_each(|word| word.store(0, Relaxed));
    pool.queue.reset();
}

fn same(a: &Entry, b: Option<&Entry>) -> bool {
    b.is_some_and(|b| ptr::eq(a, b))
}

/// Are elements granted to it? They come before the source, since others are kept from them.
pub fn has_grant(who: Option<&Entry>) -> bool {
    who.is_some_and(|me| me.granted.load(Relaxed) != 0)
}

/// The oldest who still waits.
pub fn head<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<&'g Entry> {
    pool.queue.iter(guard).find(|entry| entry.missing.load(Relaxed) > 0)
}

/// Elements of the reserve that are granted to nobody.
pub fn free(pool: &Mempool) -> u32 {
    (pool.curr_nr.load(Relaxed).max(0) as u32).saturating_sub(pool.kept.load(Relaxed))
}

/// The oldest past which too many have gone.
fn due<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<&'g Entry> {
    let bound = 2 * reserve::wanted(pool) as u32;
    for entry in pool.queue.iter(guard).filter(|entry| entry.missing.load(Relaxed) > 0) {
        let too_many = passed(pool, entry) > bound;
        if too_many && can_end(pool, guard, entry) {
            return Some(entry);
        }
        // What passes an entry passes all older ones, so the younger are not due either, unless this one
        // has begun anew.
        if !too_many && entry.anew.load(Relaxed) == 0 {
            return None;
        }
    }
    None
}

/// Could it ever get what it misses? More than the reserve can hold only the oldest does.
fn can_end(pool: &Mempool, guard: &Guard<'_>, entry: &Entry) -> bool {
    let missing = entry.missing.load(Relaxed);
    missing <= reserve::wanted(pool) as u32 || takes_what_comes(pool, guard, entry, missing)
}

/// The entry that alone may take, and when that ends.
pub fn entitled<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<(&'g Entry, u64)> {
    let entry = due(pool, guard)?;
    let since = entry.since.load(Relaxed);
    let until = since + KEPT;
    (since != 0 && now() < until).then_some((entry, until))
}

/// Entitles an entry if that is due. True when instead its time is over: then it begins anew, and the
/// others may take.
pub fn turn(pool: &Mempool, guard: &Guard<'_>) -> bool {
    let Some(entry) = due(pool, guard) else { return false };
    match entry.since.load(Relaxed) {
        0 => {
            entry.since.store(now(), Relaxed);
            false
        }
        since if now() < since + KEPT => false,
        _ => {
            entry.passed.store(0, Relaxed);
            entry.mark.store(pool.went.load(Relaxed), Relaxed);
            entry.since.store(0, Relaxed);
            entry.anew.store(1, Relaxed);
            true
        }
    }
}

/// How many elements of the reserve `who` (None: somebody not queued) may take who misses `missing`:
/// all or none, but what there is for the oldest entry if it misses more than the reserve can hold.
pub fn allowed(pool: &Mempool, guard: &Guard<'_>, who: Option<&Entry>, missing: u32) -> u32 {
    let mut granted = 0;
    if let Some(me) = who {
        granted = me.granted.swap(0, Relaxed);
        pool.kept.fetch_sub(granted, Relaxed);
        me.missing.store(missing, Relaxed);
    }
    let have = if reserve::is_withheld(pool, guard) { 0 } else { free(pool) };
    if have == 0 || (granted == 0 && entitled(pool, guard).is_some_and(|(owner, _)| !same(owner, who))) {
        0
    } else if have >= missing {
        missing
    } else if who.is_some_and(|me| takes_what_comes(pool, guard, me, missing)) {
        have
    } else {
        0
    }
}

/// Only the oldest entry may, and it stays the oldest until it leaves: so no two hold part of what the
/// other needs.
pub fn takes_what_comes(pool: &Mempool, guard: &Guard<'_>, me: &Entry, missing: u32) -> bool {
    if missing > reserve::wanted(pool) as u32 {
        me.oversized.store(1, Relaxed);
    }
    me.oversized.load(Relaxed) != 0 && head(pool, guard).is_some_and(|oldest| same(oldest, Some(me)))
}

/// The fewest elements that are of use to an entry.
pub fn can_use(pool: &Mempool, guard: &Guard<'_>, entry: &Entry) -> u32 {
    let missing = entry.missing.load(Relaxed);
    if takes_what_comes(pool, guard, entry, missing) { 1 } else { missing }
}

/// Notes that `who` took `n` elements, and lets go of the lock.
pub fn took(pool: &Mempool, guard: Guard<'_>, who: Option<&Entry>, n: u32) {
    if n == 0 || pool.queue.is_empty() {
        return;
    }
    let mut wakes = Wakes::new();
    pass(pool, &guard, who, n);
    calls::settle(pool, &guard, &mut wakes);
    drop(guard);
}

/// `who` took `n` elements past all entries that are older.
fn pass(pool: &Mempool, guard: &Guard<'_>, who: Option<&Entry>, n: u32) {
    let Some(me) = who else {
        pool.went.fetch_add(n, Relaxed);
        return;
    };
    me.missing.fetch_sub(n, Relaxed);
    for entry in pool.queue.iter(guard).take_while(|entry| !same(entry, who)) {
        entry.passed.fetch_add(n, Relaxed);
    }
}

fn passed(pool: &Mempool, entry: &Entry) -> u32 {
    entry.passed.load(Relaxed).saturating_add(pool.went.load(Relaxed).wrapping_sub(entry.mark.load(Relaxed)))
}

/// Hands elements of the reserve to requests, oldest first; the first that has all it wants then.
pub fn next_request<'g>(pool: &Mempool, guard: &'g Guard<'_>) -> Option<&'g Request> {
    if let Some((owner, _)) = entitled(pool, guard) {
        return raw::request_of(owner).filter(|request| hand_over(pool, guard, request));
    }
    // Frees are frequent and queues may be long: no look at each for every element that comes.
    if free(pool) < pool.least.load(Relaxed) {
        return None;
    }
    let mut least = NO_REQUEST;
    for entry in pool.queue.iter(guard) {
        let Some(request) = raw::request_of(entry) else { continue };
        if hand_over(pool, guard, request) {
            return Some(request);
        }
        least = least.min(can_use(pool, guard, entry));
    }
    pool.least.store(least, Relaxed);
    None
}

/// Gives a request what it may have; true when it misses nothing then.
fn hand_over(pool: &Mempool, guard: &Guard<'_>, request: &Request) -> bool {
    let missing = request.entry.missing.load(Relaxed);
    let mut n = allowed(pool, guard, Some(&request.entry), missing);
    if let Some(slots) = request.slots().filter(|_| n > 0) {
        n = reserve::fill_slots(pool, guard, &slots, n);
        count(pool, ALLOCATED, n);
        count(pool, FROM_RESERVE, n);
        pass(pool, guard, Some(&request.entry), n);
        // For a tool: whoever hands over the rest runs `done`.
        hooks::release(ptr::from_ref(request).addr());
    }
    n == missing
}

/// Joins the queue's end, with the pool's lock held.
pub fn join(pool: &Mempool, guard: &Guard<'_>, entry: &Entry, missing: u32) {
    entry.missing.store(missing, Relaxed);
    entry.mark.store(pool.went.load(Relaxed), Relaxed);
    entry.thread.store(this_thread(), Relaxed);
    pool.queue.push(guard, entry);
    pool.waiters.fetch_add(1, Relaxed);
    if !entry.request.load(Relaxed).is_null() {
        let others = if pool.requests.fetch_add(1, Relaxed) == 0 { NO_REQUEST } else { pool.least.load(Relaxed) };
        pool.least.store(others.min(can_use(pool, guard, entry)), Relaxed);
    }
}

/// Leaves the queue, with the pool's lock held. True when the others could not take because of this
/// entry, and may now.
pub fn part(pool: &Mempool, guard: &Guard<'_>, entry: &Entry) -> bool {
    pool.queue.remove(guard, entry);
    // One that is larger than the reserve may be the oldest now: then one element will do.
    if let Some(oldest) = head(pool, guard) {
        pool.least.store(pool.least.load(Relaxed).min(can_use(pool, guard, oldest)), Relaxed);
    }
    pool.waiters.fetch_sub(1, Relaxed);
    pool.requests.fetch_sub(u32::from(!entry.request.load(Relaxed).is_null()), Relaxed);
    entry.since.load(Relaxed) != 0 || entry.oversized.load(Relaxed) != 0
}

/// Addresses of threads differ in bits above the lowest six.
fn this_thread() -> u32 {
    (percpu::thread() >> 6) as u32
}

/// Takes the entries of all other threads out of the queue, in a child that has only this one.
pub fn forget_threads(pool: &Mempool, guard: &Guard<'_>) {
    let mut own = 0;
    for entry in pool.queue.iter(guard).filter(|entry| entry.request.load(Relaxed).is_null()) {
        if entry.thread.load(Relaxed) == this_thread() {
            own += 1;
        } else {
            pool.kept.fetch_sub(entry.granted.load(Relaxed), Relaxed);
            pool.queue.remove(guard, entry);
        }
    }
    // Another may be the oldest now.
    pool.least.store(0, Relaxed);
    // This thread is awake.
    pool.parked.store(0, Relaxed);
    pool.waiters.store(pool.requests.load(Relaxed) + own, Relaxed);
}
