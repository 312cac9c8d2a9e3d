//! First use: the settings are frozen, address space is reserved, and the first memory is committed: what
//! was configured to be there at once, the pages kept back, and one chunk, so that a first request that
//! may not sleep finds something. Who may not wait does not wait for another thread that is at it, nor
//! for the one that a signal handler interrupted: he gets nothing. Knows no order and no slab.
//!
//! | word | meaning |
//! |---|---|
//! | DONE false | nothing may be assumed |
//! | DONE true | the arena is there with its first memory, for ever |

use super::{RETURNED, cache, child};
use super::depot::{self, DEPOT, emergency_target};
use crate::arena::{self, Arena, CHUNK_PAGES, map, memfd};
use crate::config::{self, Config};
use crate::error::Error;
use crate::observe::{aids, hooks, report};
use crate::sync::{Lock, forks};
use core::sync::atomic::{AtomicBool, Ordering::*};

static DONE: AtomicBool = AtomicBool::new(false);
/// Held by whoever is at it. Taken before the depot's lock.
static LOCK: Lock = Lock::new();

/// The arena, set up if need be; None when not even address space can be had, or when that takes
/// waiting and the caller may not.
#[inline]
pub fn arena(may_wait: bool) -> Option<&'static Arena> {
    arena_if_done().or_else(|| set_up(may_wait))
}

#[cold]
fn set_up(may_wait: bool) -> Option<&'static Arena> {
    // Complaints about the environment run the user's handler, which may come back here: before the lock.
    let config = config::get_if(may_wait)?;
    config::read_aids(may_wait)?;
    let one = LOCK.lock_if(may_wait)?;
    if DONE.load(Relaxed) {
        return map::existing();
    }
    forks::after_fork(forks::Forked::Sleepers, depot::forget_sleepers);
    forks::after_fork(forks::Forked::Pages, depot::take_in_deferred);
    let arena = arena::reserve()?;
    child::watch_forks();
    hooks::lsan_root(map::address(0).addr(), arena.max_pages() as usize * map::PAGE_SIZE);
    let missing = first_memory(arena, config);
    watch(arena);
    DONE.store(true, Release);
    drop(one);
    if missing > 0 {
        report::warn(format_args!("{missing} pages of the preallocation can't be had"));
    }
    Some(arena)
}

/// The descriptor of the memory that is shared, if it is.
pub fn memfd() -> Result<i32, Error> {
    arena(true).and_then(|_| memfd::fd()).ok_or(Error::NotSupported)
}

/// Keeps the slabs stopped if there is a reason to; with none left, lets them be used again in time.
fn watch(arena: &'static Arena) {
    if let Some(depot) = DEPOT.open(arena, true) {
        if aids::any() { cache::drain(&depot, true) } else { cache::relax(&depot) }
    }
}

/// To be told when the debugging aids in use have changed: who waits for what a fault kept from him looks again.
/// May wait for locks.
pub fn aids_changed() {
    // Who sets the arena up looks at the aids before he lets go: either he saw the change, or he is done.
    drop(LOCK.lock());
    if let Some(arena) = arena_if_done() {
        watch(arena);
    }
    RETURNED.notify();
}

fn arena_if_done() -> Option<&'static Arena> {
    // Acquire pairs with the Release in `set_up`.
    if DONE.load(Acquire) { map::existing() } else { None }
}

/// Commits it; how many pages of the preallocation are missing then.
fn first_memory(arena: &'static Arena, config: &Config) -> u64 {
    let prealloc = config.prealloc_bytes.div_ceil(map::PAGE_SIZE as u64);
    let wanted = prealloc.max(u64::from(emergency_target(arena) + CHUNK_PAGES)).min(arena.max_pages().into());
    if let Some(depot) = DEPOT.open(arena, true) {
        while u64::from(arena.committed()) < wanted && depot.grow() {}
    }
    prealloc.saturating_sub(arena.committed().into())
}
