//! The library's own lock and event, unchanged, over a checker's atomics and a model of the futex
//! call. `atomic` stands where the library has `src/sync/atomic.rs`.

pub mod atomic {
    pub use super::super::sync::{Ordering, fence};
    pub use super::word::AtomicU32;

    /// More would only repeat the same step.
    pub const SPINS: u32 = 1;

    /// With one spin there is nothing to be polite about, and a checker would skip what comes next.
    pub fn spin_loop() {}
}

pub mod futex;
pub mod inside;
pub mod word;

#[path = "../../../../src/sync/event.rs"]
pub mod event;
#[path = "../../../../src/sync/lock.rs"]
pub mod lock;
