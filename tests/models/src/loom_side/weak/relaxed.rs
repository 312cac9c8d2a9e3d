//! Acquire and Release do nothing.

pub mod atomic {
    pub use super::super::super::real::atomic::{AtomicU32, SPINS, fence, spin_loop};

    #[allow(non_snake_case)]
    pub mod Ordering {
        pub use loom::sync::atomic::Ordering::{Relaxed, Relaxed as Acquire, Relaxed as Release, SeqCst};
    }
}
use super::super::real::{futex, inside};

#[path = "../../../../../src/sync/event.rs"]
pub mod event;
#[path = "../../../../../src/sync/lock.rs"]
pub mod lock;
