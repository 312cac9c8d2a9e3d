//! Something guarded by the library's own lock. The std mutex inside is never waited for: it asserts
//! that the lock lets one in at a time.

use super::real::lock::{Guard, Lock};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};

pub struct Locked<T> {
    lock: Lock,
    inside: Mutex<T>,
}

/// Lets go in this order: first the content, then the lock.
pub struct Open<'a, T> {
    inside: MutexGuard<'a, T>,
    _lock: Guard<'a>,
}

impl<T> Locked<T> {
    pub fn new(inside: T) -> Self {
        let lock = Lock::new();
        drop(lock.lock()); // uses its word once
        Locked { lock, inside: Mutex::new(inside) }
    }

    pub fn lock(&self) -> Open<'_, T> {
        self.opened(self.lock.lock())
    }

    pub fn try_lock(&self) -> Option<Open<'_, T>> {
        self.lock.try_lock().map(|lock| self.opened(lock))
    }

    fn opened<'a>(&'a self, lock: Guard<'a>) -> Open<'a, T> {
        Open { inside: self.inside.try_lock().expect("two holders of one lock"), _lock: lock }
    }
}

impl<T> Deref for Open<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.inside
    }
}

impl<T> DerefMut for Open<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inside
    }
}
