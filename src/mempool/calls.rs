//! Whom to wake, under the pool's lock; the system calls come when it is free (see `sync::Wakes`).
//! Knows no source and no user function.
//!
//! Every free of an element wakes all sleepers, as in the kernel, but not all at once: most would find
//! nothing, in each other's way. Woken at once are those that the reserve can serve; whoever leaves
//! with what the source gave calls the next, since the source works again; all others look for news
//! once a second (see `wait`). Invariant: when the lock is let go, no sleeper could take what the
//! reserve has, unless one that could as well is awake.
#![forbid(unsafe_code)]

use super::queue::{self, Entry};
use super::raw::{self, Mempool};
use crate::sync::{Guard, Wakes};
use core::ptr;
use core::sync::atomic::Ordering::*;

/// Something was put into the reserve, or others may take now what was there.
pub fn tell(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    // Release pairs with the Acquire of the look before a sleeper's try.
    pool.news.fetch_add(1, Release);
    settle(pool, guard, wakes);
    call_served(pool, guard, wakes);
}

/// A page came back to the allocator, where a source may find it.
pub fn tell_of_page(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    pool.news.fetch_add(1, Release);
    call_oldest(pool, guard, wakes);
}

/// An entry has left. `blocked`: others could not take because of it. `by_source`: the source gave all
/// that it missed.
pub fn tell_of_leaving(pool: &Mempool, guard: &Guard<'_>, blocked: bool, by_source: bool, wakes: &mut Wakes) {
    if blocked {
        return tell(pool, guard, wakes);
    }
    settle(pool, guard, wakes);
    call_served(pool, guard, wakes);
    if by_source {
        call_oldest(pool, guard, wakes);
    }
}

/// Looks whose turn it is, after counts, time or the queue have changed.
pub fn settle(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    if queue::turn(pool, guard) {
        tell(pool, guard, wakes);
    } else {
        grant(pool, guard, wakes);
    }
}

/// Grants elements to entitled threads that sleep, oldest first, and wakes them.
fn grant(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    while let Some((owner, _)) = queue::entitled(pool, guard) {
        let missing = owner.missing.load(Relaxed);
        let n = queue::free(pool).min(missing);
        if n < queue::can_use(pool, guard, owner) || !owner.parker.is_asleep() {
            break;
        }
        owner.granted.store(n, Relaxed);
        owner.missing.store(missing - n, Relaxed);
        pool.kept.fetch_add(n, Relaxed);
        call(pool, owner, wakes);
        queue::turn(pool, guard);
    }
}

/// Wakes the sleepers that the reserve can serve, oldest first, unless it is kept for somebody.
fn call_served(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    let mut left = queue::free(pool);
    if left == 0 || queue::entitled(pool, guard).is_some() {
        return;
    }
    for entry in sleepers(pool, guard) {
        if queue::can_use(pool, guard, entry) <= left {
            call(pool, entry, wakes);
            left -= entry.missing.load(Relaxed).min(left);
        }
        if left == 0 {
            return;
        }
    }
}

fn call_oldest(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    if let Some(entry) = sleepers(pool, guard).next() {
        call(pool, entry, wakes);
    }
}

fn sleepers<'g>(pool: &'g Mempool, guard: &'g Guard<'_>) -> impl Iterator<Item = &'g Entry> {
    let any = pool.parked.load(Relaxed) > 0;
    pool.queue.iter(guard).take_while(move |_| any).filter(|entry| entry.parker.is_asleep())
}

fn call(pool: &Mempool, entry: &Entry, wakes: &mut Wakes) {
    pool.parked.fetch_sub(1, Relaxed);
    wakes.add(&entry.parker);
}

/// Empties the queue of a pool that is exited: requests are dropped, threads sent away.
pub fn abandon(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    for entry in pool.queue.iter(guard) {
        pool.queue.remove(guard, entry);
        match raw::request_of(entry) {
            Some(request) => request.entry.request.store(ptr::null_mut(), Relaxed),
            None => send_away(entry, wakes),
        }
    }
    queue::reset(pool);
}

/// From the last touch on the thread may return and its frame end. One that sleeps looks at `gone` when it is called, or
/// has the pool's lock: were it called first, it could find itself awake and in the queue still. One that is
/// awake looks at `gone` alone.
fn send_away(entry: &Entry, wakes: &mut Wakes) {
    let asleep = entry.parker.is_asleep();
    entry.gone.store(1, Release);
    if asleep {
        wakes.add(&entry.parker);
    }
}
