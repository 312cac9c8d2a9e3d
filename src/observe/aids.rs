//! Which debugging aids are on: faults that are injected, tools that watch memory. Knows none of them.
//!
//! Nothing of this stands on the hot paths: while any bit is set, the page cache's slabs are stopped
//! (see `pages/cache`), so that every request and every free of a page comes by a slow path, which looks here.
//!
//! | bit of ON | set while |
//! |---|---|
//! | 0 to 2 | faults of that kind are injected |
//! | `ASAN`, `TSAN`, `MEMCHECK` | the program runs under that tool; never cleared |

use core::sync::atomic::{AtomicU32, Ordering::*};

pub const ASAN: u32 = 1 << 3;
pub const TSAN: u32 = 1 << 4;
pub const MEMCHECK: u32 = 1 << 5;
const TOOLS: u32 = ASAN | TSAN | MEMCHECK;

static ON: AtomicU32 = AtomicU32::new(0);

/// SeqCst: whoever sets a bit looks then whether there are slabs to stop, and whoever makes slabs looks then
/// here (`pages/first`); at least one sees the other.
pub fn set(bits: u32) {
    ON.fetch_or(bits, SeqCst);
}

pub fn clear(bits: u32) {
    ON.fetch_and(!bits, SeqCst);
}

#[inline(always)]
pub fn on(bits: u32) -> bool {
    ON.load(Relaxed) & bits != 0
}

/// Is there any reason to keep the slabs stopped?
pub fn any() -> bool {
    ON.load(SeqCst) != 0
}

/// The same at a glance, for who comes by a slow path.
#[inline(always)]
pub fn some() -> bool {
    on(u32::MAX)
}

/// Does a tool watch memory?
#[inline(always)]
pub fn tools() -> bool {
    on(TOOLS)
}
