//! "Something came back": an event count that sleepers of every pool share. Knows no pool.
//!
//! The protocol that loses no wake-up: a sleeper registers its interest (`sleepers` += 1, then reads
//! `seq`), tries once more to get what it wants, and only then sleeps on the `seq` it read. A giver
//! first gives, then looks at `sleepers`, then bumps `seq`. Were the order on either side the other
//! way round, the giver could see no sleeper and the sleeper no gift. Both sides put a SeqCst fence
//! between their store and their load; each is the other's partner.
//!
//! | word | meaning |
//! |---|---|
//! | seq | number of notifications so far, wrapping |
//! | sleepers | threads between `interest` and its drop |

use super::atomic::{AtomicU32, Ordering::*, fence};
use super::futex;
use core::time::Duration;

#[derive(Default)]
pub struct Event {
    seq: AtomicU32,
    sleepers: AtomicU32,
}

/// A registered wish to be woken by the next `notify`.
pub struct Interest<'a> {
    event: &'a Event,
    seen: u32,
}

impl Event {
    pub const fn new() -> Self {
        Event { seq: AtomicU32::new(0), sleepers: AtomicU32::new(0) }
    }

    /// Registers: every `notify` from here on ends `Interest::sleep`.
    pub fn interest(&self) -> Interest<'_> {
        self.sleepers.fetch_add(1, Relaxed);
        fence(SeqCst);
        Interest { event: self, seen: self.seq.load(Acquire) }
    }

    /// How many are registered.
    pub fn sleepers(&self) -> u32 {
        self.sleepers.load(Relaxed)
    }

    /// Wakes all sleepers, if there are any; to be called after the gift is in place.
    pub fn notify(&self) {
        fence(SeqCst);
        if self.sleepers() != 0 {
            self.seq.fetch_add(1, Release);
            futex::wake(&self.seq, i32::MAX);
        }
    }
}

impl Interest<'_> {
    /// Sleeps until a `notify` since registration, or `timeout`. Signals only make it look again.
    pub fn sleep(&self, timeout: Duration) {
        let start = std::time::Instant::now();
        while self.event.seq.load(Acquire) == self.seen {
            let Some(left) = timeout.checked_sub(start.elapsed()) else { return };
            if left.is_zero() {
                return;
            }
            futex::wait(&self.event.seq, self.seen, Some(left));
        }
    }
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        self.event.sleepers.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notify_after_interest_is_never_lost() {
        let event = Event::new();
        let interest = event.interest();
        event.notify();
        let start = std::time::Instant::now();
        interest.sleep(Duration::from_secs(5));
        assert!(start.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn times_out() {
        Event::new().interest().sleep(Duration::from_millis(10));
    }
}
