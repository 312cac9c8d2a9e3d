//! Giving free memory back to the system, chunk by chunk from the top: what lies in the depot as whole
//! chunks, above the preallocation. Knows no pool.
//!
//! Nobody who is short of pages may lose them to a trim. Who sleeps for pages, or has a request queued, says
//! so first and then looks once more, with the depot open and ready to commit holes. A trim looks for
//! sleepers with the depot open too, where it makes the hole: so it sees the sleeper and leaves the
//! chunk alone, or the sleeper's last look finds the hole.

use super::cache;
use super::depot::{DEPOT, emergency_target};
use super::{RETURNED, child, holes};
use crate::arena::map::{self, PAGE_SIZE};
use crate::arena::{Arena, CHUNK_PAGES, Leaving, memfd};
use crate::config;
use core::sync::atomic::{AtomicU64, Ordering::*};

/// Chunks that were given back.
pub static DECOMMITS: AtomicU64 = AtomicU64::new(0);

/// What became of a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    GivenBack,
    /// It is in use.
    Stays,
    /// No chunk may go: somebody is short of pages, enough were given back, or the system takes none.
    End,
}

/// Gives free memory back as long as `keep` free bytes are left beyond the pages kept back; how many bytes.
#[cold]
pub fn trim(keep: u64) -> u64 {
    let keep = keep.div_ceil(PAGE_SIZE as u64);
    let Some(arena) = map::existing() else { return 0 };
    if child::is_refused() || RETURNED.has_sleepers() {
        return 0;
    }
    gather(arena);
    let mut given = 0;
    for c in (first_to_give()..arena.committed() / CHUNK_PAGES).rev() {
        // Most chunks are in use: those are not worth the lock.
        let fate = if holes::is_free(arena, c) { give_back(arena, c, keep) } else { Fate::Stays };
        given += u64::from(fate == Fate::GivenBack);
        if fate == Fate::End {
            break;
        }
    }
    given * u64::from(CHUNK_PAGES) * PAGE_SIZE as u64
}

/// The first chunk that holds no preallocated page. With a memfd the very first chunk stays too: the offset of
/// a page is its distance from the first region's start.
fn first_to_give() -> u32 {
    let chunks = config::get().prealloc_bytes.div_ceil(u64::from(CHUNK_PAGES) * PAGE_SIZE as u64);
    u32::try_from(chunks).unwrap_or(u32::MAX).max(memfd::is_on().into())
}

/// Moves all free pages to the depot, where they become chunks. Others may use their slabs again at once: a
/// trim is no shortage.
fn gather(arena: &'static Arena) {
    if let Some(depot) = DEPOT.open(arena, true) {
        let pressure = DEPOT.pressure.load(Relaxed);
        cache::drain(&depot, true);
        if !pressure {
            cache::release(&depot);
        }
    }
}

fn give_back(arena: &'static Arena, c: u32, keep: u64) -> Fate {
    let leaving = loop {
        let Some(depot) = DEPOT.open(arena, true) else { return Fate::End };
        let left = depot.free().checked_sub(CHUNK_PAGES + emergency_target(arena));
        if left.is_none_or(|left| u64::from(left) < keep) || RETURNED.has_sleepers() {
            return Fate::End;
        }
        // With the depot open nobody waits for another chunk's system call.
        let Some(leaving) = Leaving::begin() else {
            drop(depot);
            Leaving::wait();
            continue;
        };
        if !depot.make_hole(c) {
            return Fate::Stays;
        }
        break leaving;
    };
    if leaving.give_back(c * CHUNK_PAGES) {
        DECOMMITS.fetch_add(1, Relaxed);
        return Fate::GivenBack;
    }
    if let Some(depot) = DEPOT.open(arena, true) {
        depot.unmake_hole(c);
        depot.note_returned();
    }
    Fate::End
}

/// For a request that waits without a thread and has said so: commits holes while the depot has less than
/// `pages` for it.
#[cold]
pub fn untrim(pages: u32) {
    let Some(arena) = map::existing() else { return };
    let Some(depot) = DEPOT.open(arena, true) else { return };
    while depot.free() < emergency_target(arena).saturating_add(pages) && depot.has_holes() && depot.grow() {
        depot.note_returned();
    }
}
