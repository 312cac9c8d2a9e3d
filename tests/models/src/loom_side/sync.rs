//! Loom's primitives under the names that the models use.

pub use loom::sync::atomic::{AtomicU8, AtomicU32 as RawU32, Ordering, fence};
pub use loom::sync::{Condvar, Mutex};
pub use loom::thread;
