//! A word that threads may sleep on: a checker's atomic, and the queue that the kernel keeps for it.
//! Both are made at the first use, because the library's constructors are const and loom's are not; so
//! a model must use each word once before it starts threads (loom wants the making to come first).

use super::super::sync::{Condvar, Mutex, Ordering, RawU32};
use std::sync::OnceLock;

pub struct AtomicU32 {
    start: u32,
    made: OnceLock<(RawU32, Bucket)>,
}

/// The kernel's side of a word: its lock, and the sleepers in the order of their coming.
#[derive(Default)]
pub struct Bucket {
    pub queue: Mutex<Queue>,
    pub woken: Condvar,
}

#[derive(Default)]
pub struct Queue {
    pub tickets: u32,
    pub asleep: Vec<u32>,
}

impl AtomicU32 {
    pub const fn new(start: u32) -> Self {
        AtomicU32 { start, made: OnceLock::new() }
    }

    fn made(&self) -> &(RawU32, Bucket) {
        self.made.get_or_init(|| (RawU32::new(self.start), Bucket::default()))
    }

    /// One operation. While a found mistake unwinds the threads, destructors come by here; the checker
    /// is gone by then, and would panic once more.
    fn with(&self, operation: impl FnOnce(&RawU32) -> u32) -> u32 {
        if std::thread::panicking() {
            return self.start;
        }
        operation(&self.made().0)
    }

    pub fn bucket(&self) -> &Bucket {
        &self.made().1
    }

    pub fn load(&self, order: Ordering) -> u32 {
        self.with(|value| value.load(order))
    }

    pub fn store(&self, new: u32, order: Ordering) {
        self.with(|value| {
            value.store(new, order);
            new
        });
    }

    pub fn swap(&self, new: u32, order: Ordering) -> u32 {
        self.with(|value| value.swap(new, order))
    }

    pub fn fetch_add(&self, n: u32, order: Ordering) -> u32 {
        self.with(|value| value.fetch_add(n, order))
    }

    pub fn fetch_sub(&self, n: u32, order: Ordering) -> u32 {
        self.with(|value| value.fetch_sub(n, order))
    }

    pub fn compare_exchange(&self, old: u32, new: u32, yes: Ordering, no: Ordering) -> Result<u32, u32> {
        let mut swapped = Err(old);
        self.with(|value| {
            swapped = value.compare_exchange(old, new, yes, no);
            old
        });
        swapped
    }
}

impl Default for AtomicU32 {
    fn default() -> Self {
        Self::new(0)
    }
}
