//! Putting a thread to sleep, and waking threads after a lock was let go: who is to be woken is noted
//! under the lock, the system calls come later. Knows no queue and no lock; its users change a parker
//! only under the one lock that theirs is.
//!
//! | parker | meaning |
//! |---|---|
//! | AWAKE | the thread looks for itself |
//! | ASLEEP | it sleeps, or is about to |
//! | CALLED | it may go on, but somebody is about to wake it: its frame must stay until that is done |
//!
//! Without CALLED the thread could see that it is free to go, return and end its frame, and the waker
//! would then call the kernel with the address of nothing.

use super::futex;
use core::sync::atomic::{AtomicU32, Ordering::*};
use core::time::Duration;

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const CALLED: u32 = 2;

const ROOM: usize = 64;
const SPINS: u32 = 200;

/// One thread's place to sleep, in its frame.
#[derive(Default)]
pub struct Parker(AtomicU32);

impl Parker {
    pub fn reset(&self) {
        self.0.store(AWAKE, Relaxed);
    }

    /// Says that this thread sleeps. Under the lock, after `settle`.
    pub fn lie_down(&self) {
        self.0.store(ASLEEP, Relaxed);
    }

    /// Sleeps until called, or until `deadline` on the clock of `now`. Signals only make it look again.
    pub fn sleep(&self, deadline: u64) {
        // Acquire pairs with the Release in `Wakes::add`.
        while self.0.load(Acquire) == ASLEEP {
            let left = deadline.saturating_sub(now());
            if left == 0 {
                return;
            }
            futex::wait(&self.0, ASLEEP, Some(Duration::from_nanos(left)));
        }
    }

    /// After `sleep`, under the lock: true when nobody had called.
    pub fn rise(&self) -> bool {
        self.0.compare_exchange(ASLEEP, AWAKE, Relaxed, Relaxed).is_ok()
    }

    pub fn is_asleep(&self) -> bool {
        self.0.load(Relaxed) == ASLEEP
    }

    /// Waits until nobody is about to touch this any more: no longer than a few system calls take.
    pub fn settle(&self) {
        let mut turns = 0;
        // Acquire pairs with the Release in `Wakes::wake`, the last touch there.
        while self.0.load(Acquire) == CALLED {
            turns += 1;
            if turns < SPINS {
                core::hint::spin_loop();
            } else {
                // Not a yield: the waker may be of a lower priority than we are.
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    }
}

/// Parkers whose threads are to be woken when the lock is free. When there are more than fit, some are
/// woken early, under the lock.
pub struct Wakes {
    parkers: [*const Parker; ROOM],
    len: usize,
}

impl Wakes {
    pub fn new() -> Self {
        Wakes { parkers: [core::ptr::null(); ROOM], len: 0 }
    }

    /// Calls a thread that sleeps; under the lock.
    pub fn add(&mut self, parker: &Parker) {
        if self.len == ROOM {
            self.wake();
        }
        parker.0.store(CALLED, Release);
        self.parkers[self.len] = parker;
        self.len += 1;
    }

    fn wake(&mut self) {
        for parker in &self.parkers[..self.len] {
            // SAFETY: the parker says CALLED, so its thread keeps it until it says something else.
            let word = unsafe { &(**parker).0 };
            futex::wake(word, 1);
            word.store(AWAKE, Release);
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

/// Nanoseconds on a clock that only moves forward.
pub fn now() -> u64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut at) };
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}
