//! The door through which the lock and the event get their atomics: the models put a checker's in its
//! place. Knows neither.

pub use core::hint::spin_loop;
pub use core::sync::atomic::{AtomicU32, Ordering, fence};

/// How long a taker of a lock spins before it sleeps or gives up: about as long as the longest section
/// that makes no system call.
pub const SPINS: u32 = if cfg!(mempool_bulk_model) { 2 } else { 200 };
