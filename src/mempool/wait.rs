//! Sleeping for elements. Holds no element while it sleeps, except as `queue` allows for requests that
//! are larger than the reserve. Knows no source.
//!
//! The protocol that loses no wake-up: join the queue, then look at `news`, then try, then sleep
//! unless `news` has moved. Whoever puts an element or a page back does that first and moves `news`
//! under the pool's lock afterwards. So what came back before the try was found by it, and what came
//! later has moved `news` or finds the entry parked. For pages the queue is found by `waiting`, which
//! the page allocator runs when it sees the registered interest (see `sync::Event`).

use super::queue::{self, Entry};
use super::raw::Mempool;
use super::stats;
use super::waiting;
use crate::config;
use crate::pages::{RETURNED, WAITS};
use crate::sync::{Interest, now};
use core::sync::atomic::Ordering::*;

/// On the clock of `sync::now`; None: never.
pub type Deadline = Option<u64>;

/// A place in a pool's queue.
struct Place<'a> {
    pool: &'a Mempool,
    entry: &'a Entry,
    _interest: Interest<'static>,
}

/// Repeats `attempt`, sleeping in between, until it says that it has all it wants. False when the time
/// is over first, or the pool was exited. `missing` is what the first attempt will want.
#[cold]
pub fn until(pool: &Mempool, missing: u32, deadline: Deadline, attempt: &mut dyn FnMut(&Entry) -> bool) -> bool {
    let entry = Entry::default();
    let place = Place::take(pool, &entry, missing);
    loop {
        // Acquire pairs with the Release in `queue`: news that is seen is found by the attempt.
        let seen = pool.news.load(Acquire);
        if attempt(&entry) {
            return true;
        }
        if deadline.is_some_and(|deadline| now() >= deadline) || !place.sleep(seen, deadline) {
            return false;
        }
    }
}

impl<'a> Place<'a> {
    fn take(pool: &'a Mempool, entry: &'a Entry, missing: u32) -> Self {
        waiting::join(pool, entry, missing);
        // Holds the fence that orders the queue before the attempt; partner: `Event::notify`.
        Place { pool, entry, _interest: RETURNED.interest() }
    }

    /// Sleeps until there is news since `seen`, or for as long as the configured retry time. Signals do
    /// not end it. False when the pool was exited.
    fn sleep(&self, seen: u32, deadline: Deadline) -> bool {
        self.entry.parker.settle();
        if self.is_gone() {
            return false;
        }
        if let Some(until) = self.lie_down(seen, deadline) {
            self.entry.parker.sleep(until);
            self.rise();
        }
        !self.is_gone()
    }

    /// Says that this thread sleeps, and until when at most; None when there is news already.
    fn lie_down(&self, seen: u32, deadline: Deadline) -> Option<u64> {
        let retry = now() + u64::from(config::wait_timeout_ms()) * 1_000_000;
        let guard = self.pool.lock.lock();
        // While elements are kept for somebody, nobody may be there to say when that is over. First,
        // since it may be over just now, which is news.
        let others = queue::entitled(self.pool, &guard).map_or(u64::MAX, |(_, until)| until);
        if self.pool.news.load(Relaxed) != seen || self.is_gone() {
            return None;
        }
        self.entry.parker.lie_down();
        self.pool.parked.fetch_add(1, Relaxed);
        stats::count(self.pool, stats::WAITS, 1);
        WAITS.fetch_add(1, Relaxed);
        Some(retry.min(others).min(deadline.unwrap_or(u64::MAX)))
    }

    /// After a sleep that nobody ended, the pool must not count it any longer.
    fn rise(&self) {
        if self.entry.parker.is_asleep() {
            let _guard = self.pool.lock.lock();
            if self.entry.parker.rise() {
                self.pool.parked.fetch_sub(1, Relaxed);
            }
        }
    }

    /// Acquire pairs with the Release in `queue::abandon`.
    fn is_gone(&self) -> bool {
        self.entry.gone.load(Acquire) != 0
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_gone() {
            waiting::leave(self.pool, self.entry);
        }
        self.entry.parker.settle();
    }
}
