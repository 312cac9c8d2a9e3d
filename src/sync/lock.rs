//! A lock of one word, valid when zeroed, so that it can live in a `mempool_t` that C has cleared.
//! Whoever holds it is `inside`, so that a fork waits for him. Knows nothing of what it guards.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | 1 | held, nobody sleeps |
//! | 2 | held, somebody may sleep |

use super::atomic::{AtomicU32, Ordering::*, SPINS, spin_loop};
use super::{futex, inside};
use super::inside::Inside;

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

#[repr(transparent)]
#[derive(Default)]
pub struct Lock(AtomicU32);

/// Holding the lock; dropping it lets go.
pub struct Guard<'a> {
    lock: &'a Lock,
    /// Left after the lock is free.
    _inside: Option<Inside>,
}

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
        let _inside = inside::enter(true);
        if !self.spin() {
            // From here on the word says 2 while we hold it: we can't know whether others sleep too.
            while self.0.swap(CONTENDED, Acquire) != FREE {
                futex::wait(&self.0, CONTENDED, None);
            }
        }
        Guard { lock: self, _inside }
    }

    /// Takes the lock if it is free now.
    pub fn try_lock(&self) -> Option<Guard<'_>> {
        futex::point();
        let inside = inside::enter(false)?;
        self.take().then(|| Guard { lock: self, _inside: Some(inside) })
    }

    /// For callers that may not sleep: spins briefly, then gives up.
    pub fn try_lock_briefly(&self) -> Option<Guard<'_>> {
        let inside = inside::enter(false)?;
        self.spin().then(|| Guard { lock: self, _inside: Some(inside) })
    }

    /// The same for a lock that a fork takes itself (`percpu::lock_all`): it does not wait for the holder to
    /// leave. A signal handler must know of the holder all the same.
    pub fn try_lock_uncounted(&self) -> Option<Guard<'_>> {
        let inside = inside::enter_uncounted();
        self.spin().then(|| Guard { lock: self, _inside: Some(inside) })
    }

    /// Takes the lock for a fork, until `unlock`: whoever forks is in no section.
    pub fn try_lock_bare(&self) -> bool {
        self.spin()
    }

    fn spin(&self) -> bool {
        for _ in 0..SPINS {
            if self.take() {
                return true;
            }
            spin_loop();
        }
        false
    }

    /// Acquire pairs with the Release in `drop`.
    fn take(&self) -> bool {
        self.0.compare_exchange(FREE, HELD, Acquire, Relaxed).is_ok()
    }

    /// Lets go of a lock that has no guard, or loses it now.
    pub fn unlock(&self) {
        // Release pairs with the Acquire of the next taker.
        if self.0.swap(FREE, Release) == CONTENDED {
            futex::wake(&self.0, 1);
        }
    }

    /// `lock` when `may_sleep`, else `try_lock_briefly`.
    pub fn lock_if(&self, may_sleep: bool) -> Option<Guard<'_>> {
        if may_sleep { Some(self.lock()) } else { self.try_lock_briefly() }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.lock.unlock();
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
