//! Putting a thread to sleep, and waking threads after a lock was let go: who is to be woken is noted
//! under the lock, the system calls come later. Knows no queue and no lock; its users change a parker
//! only under the one lock that theirs is.
//!
//! A thread that is called may see that before it is woken, return, and end the frame that its parker
//! lies in. So the word to sleep on, its *bed*, is not there but in a static table, chosen by the
//! parker's address. Two threads may share a bed: then one is woken for the other, and looks again.
//!
//! | parker | meaning |
//! |---|---|
//! | AWAKE | the thread looks for itself, or has been called |
//! | ASLEEP | it sleeps, or is about to |
//!
//! A bed counts the wake-ups of whoever lies in it, wrapping.

use super::futex::{self, now};
use core::sync::atomic::{AtomicU32, Ordering::*};
use core::time::Duration;

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;

const BEDS: usize = 256;
static BED: [AtomicU32; BEDS] = [const { AtomicU32::new(0) }; BEDS];

/// One thread's state, in its frame.
#[derive(Default)]
pub struct Parker(AtomicU32);

impl Parker {
    pub fn reset(&self) {
        self.0.store(AWAKE, Relaxed);
    }

    /// Says that this thread sleeps. Under the lock.
    pub fn lie_down(&self) {
        self.0.store(ASLEEP, Relaxed);
    }

    /// Sleeps until called, or until `deadline` on the clock of `now`. Signals only make it look again.
    pub fn sleep(&self, deadline: u64) {
        let bed = &BED[self.bed()];
        loop {
            // First the bed, then the state; a caller does it the other way round, so a count that was
            // not moved yet will be, and the kernel compares it again. Acquire pairs with the Release
            // of `Wakes::wake`: with a count that was moved the call is seen.
            let seen = bed.load(Acquire);
            let left = deadline.saturating_sub(now());
            if !self.is_asleep() || left == 0 {
                return;
            }
            futex::wait(bed, seen, Some(Duration::from_nanos(left)));
        }
    }

    /// After `sleep`, under the lock: true when nobody had called.
    pub fn rise(&self) -> bool {
        self.0.swap(AWAKE, Relaxed) == ASLEEP
    }

    /// Acquire pairs with the Release in `Wakes::add`: who was called sees why.
    pub fn is_asleep(&self) -> bool {
        self.0.load(Acquire) == ASLEEP
    }

    fn bed(&self) -> usize {
        let address = core::ptr::from_ref(self).addr() as u64;
        ((address >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % BEDS
    }
}

const ROOM: usize = 64;

/// The beds of threads that are to be woken when the lock is free. When there are more than fit, some
/// are woken early, under the lock.
pub struct Wakes {
    beds: [u8; ROOM],
    len: usize,
}

const _: () = assert!(BEDS == 256);

impl Wakes {
    pub fn new() -> Self {
        Wakes { beds: [0; ROOM], len: 0 }
    }

    /// Calls a thread that sleeps; under the lock. Its parker is not touched afterwards.
    pub fn add(&mut self, parker: &Parker) {
        if self.len == ROOM {
            self.wake();
        }
        self.beds[self.len] = parker.bed() as u8;
        self.len += 1;
        parker.0.store(AWAKE, Release);
    }

    fn wake(&mut self) {
        for bed in self.beds[..self.len].iter().map(|bed| &BED[usize::from(*bed)]) {
            bed.fetch_add(1, Release);
            futex::wake(bed, i32::MAX);
        }
        self.len = 0;
    }
}

impl Default for Wakes {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lock;
    use super::*;

    #[test]
    fn called_threads_wake_and_others_wait_for_their_time() {
        let (lock, parkers) = (Lock::new(), [const { Parker(AtomicU32::new(ASLEEP)) }; 100]);
        std::thread::scope(|s| {
            for parker in &parkers {
                s.spawn(|| parker.sleep(now() + 60_000_000_000));
            }
            let mut wakes = Wakes::new();
            let guard = lock.lock();
            parkers.iter().for_each(|parker| wakes.add(parker));
            drop(guard);
        });
        parkers[0].lie_down();
        let end = now() + 1_000_000;
        parkers[0].sleep(end);
        assert!(now() >= end && parkers[0].rise() && !parkers[0].rise());
    }
}
