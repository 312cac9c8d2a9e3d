//! A lock of one word, valid when zeroed, so that it can live in a `mempool_t` that C has cleared.
//! Knows nothing of what it guards.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | 1 | held, nobody sleeps |
//! | 2 | held, somebody may sleep |

use super::futex;
use core::sync::atomic::{AtomicU32, Ordering::*};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;
/// How long a taker spins before it sleeps or gives up: about as long as the longest section that
/// makes no system call.
const SPINS: u32 = if cfg!(mempool_bulk_model) { 2 } else { 200 };

#[repr(transparent)]
#[derive(Default)]
pub struct Lock(AtomicU32);

/// Holding the lock; dropping it lets go.
pub struct Guard<'a>(&'a Lock);

impl Lock {
    pub const fn new() -> Self {
        Lock(AtomicU32::new(FREE))
    }

    /// Makes the lock free whatever the memory held before. Nobody may be using it.
    pub fn reset(&self) {
        self.0.store(FREE, Relaxed);
    }

    /// Takes the lock, sleeping if need be.
    pub fn lock(&self) -> Guard<'_> {
        if let Some(guard) = self.try_lock_briefly() {
            return guard;
        }
        // From here on the word says 2 while we hold it: we can't know whether others sleep too.
        while self.0.swap(CONTENDED, Acquire) != FREE {
            futex::wait(&self.0, CONTENDED, None);
        }
        Guard(self)
    }

    /// Takes the lock if it is free now. Acquire pairs with the Release in `drop`.
    pub fn try_lock(&self) -> Option<Guard<'_>> {
        futex::point();
        self.0.compare_exchange(FREE, HELD, Acquire, Relaxed).ok().map(|_| Guard(self))
    }

    /// For callers that may not sleep: spins briefly, then gives up.
    pub fn try_lock_briefly(&self) -> Option<Guard<'_>> {
        for _ in 0..SPINS {
            if let Some(guard) = self.try_lock() {
                return Some(guard);
            }
            core::hint::spin_loop();
        }
        None
    }

    /// `lock` when `may_sleep`, else `try_lock_briefly`.
    pub fn lock_if(&self, may_sleep: bool) -> Option<Guard<'_>> {
        if may_sleep { Some(self.lock()) } else { self.try_lock_briefly() }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // Release pairs with the Acquire of the next taker.
        if self.0.0.swap(FREE, Release) == CONTENDED {
            futex::wake(&self.0.0, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excludes() {
        static LOCK: Lock = Lock::new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..20_000 {
                        let _guard = LOCK.lock();
                        COUNT.store(COUNT.load(Relaxed) + 1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(COUNT.load(Relaxed), 80_000);
    }

    #[test]
    fn try_fails_while_held() {
        let lock = Lock::new();
        let guard = lock.lock();
        assert!(lock.try_lock_briefly().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
    }
}
