//! A child of `fork` whose pages are the parent's too, because their memory is a memfd's: it may read and
//! write them, and map them. But what it knows of who owns which page is a copy, so it must hand no page out,
//! take none back, and give no memory back to the system. Knows no pool.
//!
//! Nothing on the way of a page that a slab serves asks for this: in such a child all slabs are stopped for
//! good, so that every call ends at the depot or on its way there, where it is refused.
//!
//! | word | meaning |
//! |---|---|
//! | CHILD true | this process is such a child, or a child of one; for ever |
//! | REFUSED | calls of this thread that were refused so far, wrapping |

use super::state;
use crate::arena::{map::ARENA, memfd};
use crate::observe::report;
use crate::sync::{forks, percpu};
use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering::*};

static CHILD: AtomicBool = AtomicBool::new(false);
thread_local!(static REFUSED: Cell<u32> = const { Cell::new(0) });

/// Watches forks; to be called when the arena is set up, which forks wait for.
pub fn watch_forks() {
    if memfd::is_on() {
        forks::after_fork(forks::Forked::Memory, note);
    }
}

fn note(child: bool) {
    if child {
        CHILD.store(true, Relaxed);
        percpu::stop_for_good();
    }
}

/// Is this process such a child? Relaxed: set before the process can have a second thread.
pub fn is_one() -> bool {
    CHILD.load(Relaxed)
}

/// The same, and then a BUG: what the caller asked for is not done.
#[inline]
pub fn is_refused() -> bool {
    is_one() && refuse()
}

#[cold]
fn refuse() -> bool {
    let _ = REFUSED.try_with(|n| n.set(n.get().wrapping_add(1)));
    report::bug(format_args!("a child of fork may not allocate, free or trim pages: with MEMPOOL_BULK_MEMFD they are its parent's"));
    true
}

/// The same for pages that were taken back already and have found no slab: they stay held.
#[inline]
pub fn are_refused(pages: impl Iterator<Item = u32>) -> bool {
    is_one() && keep(&mut { pages })
}

#[cold]
fn keep(pages: &mut dyn Iterator<Item = u32>) -> bool {
    pages.for_each(|idx| state::leave(&ARENA, idx));
    refuse()
}

/// Changes with every refusal: for those who would otherwise try again.
pub fn refusals() -> u32 {
    REFUSED.try_with(Cell::get).unwrap_or(0)
}
