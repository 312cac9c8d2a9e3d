//! Sleeping for elements. Holds no element while it sleeps, except as `queue` allows for requests that
//! are larger than the reserve. Knows no source.
//!
//! The protocol that loses no wake-up: join the queue, then look at `news`, then try, then sleep
//! unless `news` has moved. Whoever puts an element or a page back does that first and moves `news`
//! under the pool's lock afterwards. So what came back before the try was found by it, and what came
//! later has moved `news` or finds the entry asleep. For pages the queue is found by `waiting`, which
//! the page allocator runs when it sees the registered interest (see `sync::Event`).
#![forbid(unsafe_code)]

use super::queue::{self, Entry, KEPT};
use super::raw::Mempool;
use super::{calls, serve, stats, waiting};
use crate::config;
use crate::observe::probe;
use crate::pages::{self, RETURNED, WAITS};
use crate::sync::{Interest, Wakes, now};
use core::ptr;
use core::sync::atomic::Ordering::*;

/// On the clock of `sync::now`; None: never.
pub type Deadline = Option<u64>;

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Satisfied,
    /// The time is over, or this is a child that may not allocate.
    InVain,
    /// The pool was exited: it must not be touched any more.
    Gone,
}

/// A place in a pool's queue.
struct Place<'a> {
    pool: &'a Mempool,
    entry: &'a Entry,
    _interest: Interest<'static>,
}

/// Repeats `attempt`, sleeping in between, until it says that it has all it wants, or waiting ends otherwise.
/// `missing` is what the first attempt will want.
#[cold]
pub fn until(pool: &Mempool, missing: u32, deadline: Deadline, attempt: &mut dyn FnMut(&Entry) -> bool) -> Outcome {
    let entry = Entry::default();
    let place = Place::take(pool, &entry, missing);
    let traced = ptr::from_ref(pool).cast();
    probe::wait_begin(traced, missing);
    let outcome = place.attempts(deadline, attempt);
    probe::wait_end(traced, outcome == Outcome::Satisfied);
    outcome
}

impl<'a> Place<'a> {
    fn take(pool: &'a Mempool, entry: &'a Entry, missing: u32) -> Self {
        waiting::join(pool, entry, missing);
        // Holds the fence that orders the queue before the attempt; partner: `Event::notify`.
        Place { pool, entry, _interest: RETURNED.interest() }
    }

    /// Tries and sleeps in turn.
    fn attempts(&self, deadline: Deadline, attempt: &mut dyn FnMut(&Entry) -> bool) -> Outcome {
        let refusals = pages::child::refusals();
        loop {
            // Time alone may have let requests take. Their functions need not run while elements are kept for this thread.
            if !queue::has_grant(Some(self.entry)) {
                serve::look(self.pool);
            }
            // Acquire pairs with the Release in `calls::tell` and `tell_of_page`: news that is seen is found by the attempt.
            let seen = self.pool.news.load(Acquire);
            if attempt(self.entry) {
                return Outcome::Satisfied;
            }
            // A function of the user's may find out only now that this child may not allocate, or fork itself.
            let refused = pages::child::refusals() != refusals;
            if refused || deadline.is_some_and(|deadline| now() >= deadline) {
                return Outcome::InVain;
            }
            if !self.sleep(seen, deadline) {
                return Outcome::Gone;
            }
        }
    }

    /// Sleeps until there is news since `seen` or elements were granted, or for as long as the configured
    /// retry time. Signals do not end it. False when the pool was exited.
    fn sleep(&self, seen: u32, deadline: Deadline) -> bool {
        let retry = now() + u64::from(config::wait_timeout_ms()) * 1_000_000;
        let retry = retry.min(deadline.unwrap_or(u64::MAX));
        let mut counted = false;
        loop {
            if self.is_gone() {
                return false;
            }
            let Some(tick) = self.lie_down(seen) else { return true };
            if !core::mem::replace(&mut counted, true) {
                stats::count(self.pool, stats::WAITS, 1);
                WAITS.fetch_add(1, Relaxed);
            }
            self.entry.parker.sleep(retry.min(tick));
            if !self.rise() || now() >= retry {
                return !self.is_gone();
            }
        }
    }

    /// Says that this thread sleeps, and until when at most; None when there is news already.
    fn lie_down(&self, seen: u32) -> Option<u64> {
        // Dropped after the guard.
        let mut wakes = Wakes::new();
        let guard = self.pool.lock.lock();
        // Elements that are kept for somebody become free by time alone. There is no clock but those
        // who sleep, so they look at each end that they know, and once a second for new ones and news.
        calls::settle(self.pool, &guard, &mut wakes);
        if self.pool.news.load(Relaxed) != seen || self.is_gone() {
            return None;
        }
        let tick = queue::entitled(self.pool, &guard).map_or_else(|| now() + KEPT, |(_, until)| until);
        self.entry.parker.lie_down();
        self.pool.parked.fetch_add(1, Relaxed);
        Some(tick)
    }

    /// Ends a sleep; true when nobody else did.
    fn rise(&self) -> bool {
        if !self.entry.parker.is_asleep() {
            return false;
        }
        let _guard = self.pool.lock.lock();
        let by_itself = self.entry.parker.rise();
        self.pool.parked.fetch_sub(u32::from(by_itself), Relaxed);
        by_itself
    }

    /// Acquire pairs with the Release in `calls::abandon`.
    fn is_gone(&self) -> bool {
        self.entry.gone.load(Acquire) != 0
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        waiting::leave(self.pool, self.entry);
    }
}
