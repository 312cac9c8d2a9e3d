//! Counting pages. At quiescence: outstanding + free + cached + bad == committed. Changes nothing.

use super::{alloc, cache, depot, release, state};
use crate::arena::map;
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
}

/// How often anybody slept for an element.
pub static WAITS: AtomicU64 = AtomicU64::new(0);

pub fn stats() -> Stats {
    let sum = |direct: &AtomicU64, cells: fn(&cache::Cell) -> &AtomicU64| {
        direct.load(Relaxed) + cache::CELL.iter().map(|c| cells(c).load(Relaxed)).sum::<u64>()
    };
    let allocated = sum(&alloc::DIRECT, |c| &c.allocated);
    let freed = sum(&release::DIRECT, |c| &c.freed);
    let arena = map::existing();
    Stats {
        pages_allocated: allocated,
        pages_freed: freed,
        pages_outstanding: allocated.saturating_sub(freed),
        pages_committed: arena.map_or(0, |a| a.committed().into()),
        pages_free: depot::DEPOT.free_pages(),
        pages_cached: cache::cached_pages(),
        pages_bad: state::BAD_PAGES.load(Relaxed),
        pages_limit: arena.map_or(0, |a| a.max_pages.into()),
        commits: depot::DEPOT.commits.load(Relaxed),
        commit_failures: depot::DEPOT.commit_failures.load(Relaxed),
        drains: alloc::DRAINS.load(Relaxed),
        refills: alloc::REFILLS.load(Relaxed),
        flushes: release::FLUSHES.load(Relaxed),
        waits: WAITS.load(Relaxed),
    }
}

/// The same for a person to read.
pub fn dump(w: &mut dyn Write) -> fmt::Result {
    let s = stats();
    writeln!(w, "pages: limit {} committed {} outstanding {}", s.pages_limit, s.pages_committed, s.pages_outstanding)?;
    writeln!(w, "free: depot {} cached {} bad {}", s.pages_free, s.pages_cached, s.pages_bad)?;
    writeln!(w, "calls: allocated {} freed {} commits {} failed {}", s.pages_allocated, s.pages_freed, s.commits, s.commit_failures)?;
    writeln!(w, "cache: drains {} refills {} flushes {} waits {}", s.drains, s.refills, s.flushes, s.waits)?;
    depot::DEPOT.dump(w)
}
