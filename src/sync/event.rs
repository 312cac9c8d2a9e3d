//! "Something came back": what sleepers of the page allocator and waiters of every pool are told by.
//! Knows no pool; whoever keeps a queue of its own hangs a listener in.
//!
//! The protocol that loses no wake-up: a sleeper registers its interest (`sleepers` += 1), tries once
//! more to get what it wants, and only then sleeps. A giver first gives, then looks at `sleepers`,
//! then tells. Were the order on either side the other way round, the giver could see no sleeper and
//! the sleeper no gift. Both sides put a SeqCst fence between their store and their load; each is the
//! other's partner. The same holds for `dozing` and `seq` between `sleep` and `notify`.
//!
//! | word | meaning |
//! |---|---|
//! | seq | number of notifications so far, wrapping |
//! | sleepers | interests that live, and requests that wait without a thread |
//! | dozing | threads inside `Interest::sleep` |
//! | listener | 0, or the function to run at each notification |

use super::atomic::{AtomicU32, Ordering::*, fence};
use super::{futex, inside};
// Set once, before anybody counts on it: no checker need watch it.
use core::sync::atomic::AtomicUsize;
use core::time::Duration;

#[derive(Default)]
pub struct Event {
    seq: AtomicU32,
    sleepers: AtomicU32,
    dozing: AtomicU32,
    listener: AtomicUsize,
}

/// A registered wish to be woken by the next `notify`.
pub struct Interest<'a> {
    event: &'a Event,
    seen: u32,
}

impl Event {
    pub const fn new() -> Self {
        Event { seq: AtomicU32::new(0), sleepers: AtomicU32::new(0), dozing: AtomicU32::new(0), listener: AtomicUsize::new(0) }
    }

    /// Registers: every `notify` from here on ends `Interest::sleep` and runs the listener.
    pub fn interest(&self) -> Interest<'_> {
        inside::count_interest(true);
        self.hold();
        Interest { event: self, seen: self.seq.load(Acquire) }
    }

    /// Registers for somebody who waits without a thread, until `release`.
    pub fn hold(&self) {
        // Release pairs with the fence in `tell`: who sees the count also sees the listener.
        self.sleepers.fetch_add(1, Release);
        fence(SeqCst);
    }

    pub fn release(&self) {
        self.sleepers.fetch_sub(1, Relaxed);
    }

    /// Leaves only those who wait without a thread, and what the one thread of a child waits for: it may have
    /// forked in a function that it ran between registration and sleep.
    pub fn forget_sleepers(&self, without_thread: u32) {
        self.sleepers.store(without_thread + inside::own_interests(), Relaxed);
        self.dozing.store(0, Relaxed);
    }

    /// Has `listener` run at each notification while anybody waits, in the thread that notifies. To be
    /// called before the first registration that counts on it; always with the same function.
    pub fn listen(&self, listener: fn()) {
        self.listener.store(listener as usize, Relaxed);
    }

    /// Is anybody between `interest` and its drop? A lock that the asker holds and the sleeper takes after
    /// `interest` makes the answer certain.
    pub fn has_sleepers(&self) -> bool {
        self.sleepers.load(Relaxed) != 0
    }

    /// Wakes all sleepers, if there are any; to be called after the gift is in place, with no lock held.
    pub fn notify(&self) {
        fence(SeqCst);
        if self.sleepers.load(Relaxed) != 0 {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        self.seq.fetch_add(1, Release);
        fence(SeqCst);
        if self.dozing.load(Relaxed) != 0 {
            futex::wake(&self.seq, i32::MAX);
        }
        let listener = self.listener.load(Relaxed);
        if listener != 0 {
            // SAFETY: the word holds 0 or what `listen` stored from this very type.
            inside::run_outside(inside::Late::Tell, unsafe { core::mem::transmute::<usize, fn()>(listener) });
        }
    }
}

impl Interest<'_> {
    /// Sleeps until a `notify` since registration, or `timeout`. Signals only make it look again.
    pub fn sleep(&self, timeout: Duration) {
        let until = futex::now().saturating_add(timeout.as_nanos() as u64);
        self.event.dozing.fetch_add(1, Relaxed);
        fence(SeqCst);
        while self.event.seq.load(Acquire) == self.seen {
            let left = until.saturating_sub(futex::now());
            if left == 0 {
                break;
            }
            futex::wait(&self.event.seq, self.seen, Some(Duration::from_nanos(left)));
        }
        self.event.dozing.fetch_sub(1, Relaxed);
    }
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        self.event.release();
        inside::count_interest(false);
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

    #[test]
    fn the_listener_runs_while_anybody_waits() {
        static HEARD: AtomicU32 = AtomicU32::new(0);
        let event = Event::new();
        event.listen(|| {
            HEARD.fetch_add(1, Relaxed);
        });
        event.notify();
        event.hold();
        event.notify();
        event.release();
        event.notify();
        assert_eq!(HEARD.load(Relaxed), 1);
    }
}
