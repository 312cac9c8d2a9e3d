//! Shuttle's primitives under the names that the models use.

pub use shuttle::sync::atomic::{AtomicU8, AtomicU32 as RawU32, Ordering, fence};
pub use shuttle::sync::{Condvar, Mutex};
pub use shuttle::thread;
