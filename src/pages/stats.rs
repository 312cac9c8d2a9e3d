//! Counting pages. At quiescence: outstanding + free + cached + bad == committed. Changes nothing.

use super::{alloc, cache, depot, holes, shrink, state, trim};
use crate::arena::map;
use crate::sync::percpu;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering::*};

#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub pages_allocated: u64,
    pub pages_freed: u64,
    pub pages_outstanding: u64,
    pub pages_committed: u64,
    pub pages_free: u64,
    pub pages_cached: u64,
    pub pages_bad: u64,
    pub pages_limit: u64,
    pub commits: u64,
    pub commit_failures: u64,
    pub drains: u64,
    pub refills: u64,
    pub flushes: u64,
    pub waits: u64,
    pub decommits: u64,
    pub scans: u64,
}

/// How often anybody slept for an element.
pub static WAITS: AtomicU64 = AtomicU64::new(0);

pub fn stats() -> Stats {
    let arena = map::existing();
    let committed = arena.map_or(0, |a| u64::from(a.committed()).saturating_sub(holes::pages()));
    let (free, cached, bad) = (depot::DEPOT.free_pages(), cache::cached_pages(), state::BAD_PAGES.load(Relaxed));
    // Counted where pages leave the free set; what is not there now is with a user.
    let allocated = (cache::sold() + alloc::DIRECT.load(Relaxed)).saturating_sub(bad);
    let outstanding = u64::saturating_sub(committed, free + cached + bad);
    Stats {
        pages_allocated: allocated,
        pages_freed: allocated.saturating_sub(outstanding),
        pages_outstanding: outstanding,
        pages_committed: committed,
        pages_free: free,
        pages_cached: cached,
        pages_bad: bad,
        pages_limit: arena.map_or(0, |a| a.max_pages().into()),
        commits: depot::DEPOT.commits.load(Relaxed),
        commit_failures: depot::DEPOT.commit_failures.load(Relaxed),
        drains: cache::DRAINS.load(Relaxed),
        refills: cache::REFILLS.load(Relaxed),
        flushes: cache::FLUSHES.load(Relaxed),
        waits: WAITS.load(Relaxed),
        decommits: trim::DECOMMITS.load(Relaxed),
        scans: shrink::SCANS.load(Relaxed),
    }
}

/// The same for a person to read.
pub fn dump(w: &mut dyn Write) -> fmt::Result {
    let s = stats();
    writeln!(w, "pages: limit {} committed {} outstanding {}", s.pages_limit, s.pages_committed, s.pages_outstanding)?;
    writeln!(w, "free: depot {} cached {} bad {}", s.pages_free, s.pages_cached, s.pages_bad)?;
    writeln!(w, "calls: allocated {} freed {} commits {} failed {}", s.pages_allocated, s.pages_freed, s.commits, s.commit_failures)?;
    writeln!(w, "pressure: decommits {} scans {}", s.decommits, s.scans)?;
    writeln!(w, "cache: drains {} refills {} flushes {} waits {}", s.drains, s.refills, s.flushes, s.waits)?;
    match percpu::in_sections() {
        true => writeln!(w, "slabs: {}, used in restartable sections", percpu::slabs().count())?,
        false => writeln!(w, "slabs: {}, used under locks", percpu::slabs().count())?,
    }
    dump_states(w)?;
    depot::DEPOT.dump(w)
}

/// The pages by their states: nothing else counts them so, which makes it a check of all other counts.
fn dump_states(w: &mut dyn Write) -> fmt::Result {
    let Some(arena) = map::existing() else { return Ok(()) };
    let pages = state::census(arena);
    let sum = |states: &[u8]| states.iter().map(|state| pages[usize::from(*state)]).sum::<u64>();
    let held = sum(&[state::ALLOCATED, state::TOUCHED, state::TAIL]);
    let (reserve, free, bad) = (sum(&[state::RESERVE]), sum(&[state::FREE, state::FREE_CLEAN]), sum(&[state::BAD]));
    writeln!(w, "states: held {held} reserve {reserve} free {free} bad {bad}")
}
