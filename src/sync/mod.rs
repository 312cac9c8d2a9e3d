//! Locks and waiting. The only room that calls futex; knows nothing about pages or pools.

mod atomic;
mod event;
mod futex;
mod lock;

pub use event::{Event, Interest};
pub use lock::{Guard, Lock};

/// Was this program started with more rights than its caller has? Then the environment is not ours
/// to believe.
pub fn privileged() -> bool {
    // SAFETY: getauxval reads a table the kernel gave the process; any key is allowed.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
