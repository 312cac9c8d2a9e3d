//! Locks, waiting, and the per-CPU slabs, and what all rooms above need of the system (`system`). The only room that
//! calls futex and membarrier and that has restartable sections; knows nothing about pages or pools.

mod atomic;
mod batch;
mod event;
pub mod forks;
#[cfg(not(mempool_bulk_model))]
mod futex;
#[cfg(mempool_bulk_model)]
#[path = "../../tests/models-waiting/futex.rs"]
pub mod futex;
pub mod inside;
mod list;
mod lock;
mod locked;
mod once_a_thread;
pub mod percpu;
#[cfg(target_arch = "x86_64")]
mod rseq;
#[cfg(not(target_arch = "x86_64"))]
mod rseq_absent;
mod slab;
pub mod stripes;
pub mod system;
mod wake;

pub use batch::{BATCH, Batch};
pub use event::{Event, Interest};
pub use futex::now;
pub use list::{Iter, Linked, Links, List};
pub use lock::{Guard, Lock};
pub use once_a_thread::Busy;
pub use slab::{NOTHING, SINGLES, Singles, Slab, Stack, WORDS, Words};
pub use wake::{Parker, Wakes};
