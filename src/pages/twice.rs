//! Double frees that are seen only when a page reaches the depot or leaves a reserve: both frees happened
//! in the same nanoseconds, so neither saw the other. A lock is held then, and a report runs the user's
//! code: so it is made when the thread has let go of its locks. Changes nothing but its own counters.
//!
//! | word | meaning |
//! |---|---|
//! | FIRST | the first page not yet reported, plus one; 0: none |
//! | COUNT | pages not yet reported |

use crate::observe::report;
use crate::sync::inside::{Late, run_outside};
use core::sync::atomic::{AtomicU32, Ordering::*};

static FIRST: AtomicU32 = AtomicU32::new(0);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Notes that `pages` pages from `idx` on were freed twice at once.
#[cold]
pub fn found(idx: u32, pages: u32) {
    // Release publishes the count with the page; partner: the Acquire in `tell`.
    COUNT.fetch_add(pages, Relaxed);
    let _ = FIRST.compare_exchange(0, idx + 1, Release, Relaxed);
    run_outside(Late::Report, tell);
}

fn tell() {
    let first = FIRST.swap(0, Acquire);
    let count = COUNT.swap(0, Relaxed);
    if first != 0 {
        report::bug(format_args!("page {} was freed twice at once ({count} pages in all)", first - 1));
    }
}
