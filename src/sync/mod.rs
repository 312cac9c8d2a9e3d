//! Locks and waiting. The only room that calls futex; knows nothing about pages or pools.

mod event;
#[cfg(not(mempool_bulk_model))]
mod futex;
#[cfg(mempool_bulk_model)]
#[path = "../../tests/models-waiting/futex.rs"]
pub mod futex;
mod list;
mod lock;
mod once_a_thread;
mod wake;

pub use event::{Event, Interest};
pub use futex::now;
pub use list::{Iter, Linked, Links, List};
pub use lock::{Guard, Lock};
pub use once_a_thread::Busy;
pub use wake::{Parker, Wakes};

/// Was this program started with more rights than its caller has? Then the environment is not ours
/// to believe.
pub fn privileged() -> bool {
    // SAFETY: getauxval reads a table the kernel gave the process; any key is allowed.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
