//! Whom to wake, under the pool's lock; the system calls come when it is free (see `sync::Wakes`).
//! Knows no source and no user function.
//!
//! Every free of an element wakes all sleepers, as in the kernel, but not at once: most would find
//! nothing, in each other's way. Those that the reserve can serve are woken at once. Of the others one
//! is woken, asks its source again and lies down, then the next, oldest first and one a millisecond,
//! until all have tried since the last news. Invariant: while a sleeper has not tried since the last
//! news, some entry is awake, or one is *on watch*: asleep, but with a timer for the next call.
//!
//! | of a pool | is |
//! |---|---|
//! | `news` | how often something came back that sleepers may want |
//! | `heard` of an entry | `news` as it was before the entry's last try |
//! | `parked` | the number of entries that sleep |
//! | `watch` | 1 iff one of them is on watch |
//! | `next_call` | when the next sleeper may be woken that the reserve can't serve |

use super::queue::{self, Entry};
use super::raw::{self, Mempool};
use crate::sync::{Guard, Wakes, now};
use core::ptr;
use core::sync::atomic::Ordering::*;

/// The time between two calls to sleepers that the reserve can't serve, in nanoseconds.
const INTERVAL: u64 = 1_000_000;

/// Something was put into the reserve, or others may take now what was there.
pub fn tell(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    // Release pairs with the Acquire of the look before a sleeper's try.
    pool.news.fetch_add(1, Release);
    settle(pool, guard, wakes);
    call_served(pool, guard, wakes);
    keep_watch(pool, guard, wakes);
}

/// A page came back to the allocator, where the source may find it.
pub fn tell_of_page(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    pool.news.fetch_add(1, Release);
    if let Some(entry) = sleepers(pool, guard).next() {
        call(pool, entry, wakes);
    }
}

/// Looks whose turn it is, after counts or the queue have changed.
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

/// Wakes the oldest sleeper that has not tried since the last news, if nobody will do so later.
fn keep_watch(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    if awake(pool) == 0 && pool.watch.load(Relaxed) == 0 {
        if let Some(entry) = unheard(pool, guard) {
            pool.next_call.store(now() + INTERVAL, Relaxed);
            call(pool, entry, wakes);
        }
    }
}

/// The same for an entry that is about to sleep: the time when it must look again, if it is on watch.
pub fn watch(pool: &Mempool, guard: &Guard<'_>, me: &Entry, wakes: &mut Wakes) -> Option<u64> {
    if awake(pool) > 1 || pool.watch.load(Relaxed) != 0 {
        return None;
    }
    let entry = unheard(pool, guard)?;
    let (now, next) = (now(), pool.next_call.load(Relaxed));
    if now >= next {
        pool.next_call.store(now + INTERVAL, Relaxed);
        call(pool, entry, wakes);
        return None;
    }
    pool.watch.store(1, Relaxed);
    me.on_watch.store(1, Relaxed);
    Some(next)
}

/// Ends an entry's watch, if it is on watch.
pub fn end_watch(pool: &Mempool, entry: &Entry) {
    if entry.on_watch.swap(0, Relaxed) != 0 {
        pool.watch.store(0, Relaxed);
    }
}

/// Threads in the queue that do not sleep.
fn awake(pool: &Mempool) -> u32 {
    pool.waiters.load(Relaxed) - pool.requests.load(Relaxed) - pool.parked.load(Relaxed)
}

fn unheard<'g>(pool: &'g Mempool, guard: &'g Guard<'_>) -> Option<&'g Entry> {
    let news = pool.news.load(Relaxed);
    sleepers(pool, guard).find(|entry| entry.heard.load(Relaxed) != news)
}

fn sleepers<'g>(pool: &'g Mempool, guard: &'g Guard<'_>) -> impl Iterator<Item = &'g Entry> {
    let any = pool.parked.load(Relaxed) > 0;
    pool.queue.iter(guard).take_while(move |_| any).filter(|entry| entry.parker.is_asleep())
}

fn call(pool: &Mempool, entry: &Entry, wakes: &mut Wakes) {
    pool.parked.fetch_sub(1, Relaxed);
    end_watch(pool, entry);
    wakes.add(&entry.parker);
}

/// After an entry has left: its absence may be what others waited for.
pub fn tell_of_leaving(pool: &Mempool, guard: &Guard<'_>, blocked: bool, wakes: &mut Wakes) {
    if blocked {
        return tell(pool, guard, wakes);
    }
    settle(pool, guard, wakes);
    call_served(pool, guard, wakes);
    keep_watch(pool, guard, wakes);
}

/// Empties the queue of a pool that is exited: requests are dropped, threads sent away.
pub fn abandon(pool: &Mempool, guard: &Guard<'_>, wakes: &mut Wakes) {
    for entry in pool.queue.iter(guard) {
        pool.queue.remove(guard, entry);
        match raw::request_of(entry) {
            Some(request) => request.entry.request.store(ptr::null_mut(), Relaxed),
            None => {
                if entry.parker.is_asleep() {
                    wakes.add(&entry.parker);
                }
                // The last touch: from here on the thread may return and its frame end.
                entry.gone.store(1, Release);
            }
        }
    }
    queue::reset(pool);
}
