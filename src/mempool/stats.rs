//! Counting per pool, and showing the pools where something is stuck. Changes nothing but counters.
#![forbid(unsafe_code)]

use super::raw::Mempool;
use super::waiting;
use crate::observe::probe;
use core::fmt::{self, Write};
use core::ptr;
use core::sync::atomic::Ordering::*;

pub const ALLOCATED: usize = 0;
pub const FREED: usize = 1;
pub const FROM_RESERVE: usize = 2;
pub const WAITS: usize = 3;
pub const TIMEOUTS: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
pub struct PoolStats {
    pub min_nr: u64,
    pub curr_nr: u64,
    pub allocated: u64,
    pub freed: u64,
    pub from_reserve: u64,
    pub waits: u64,
    pub timeouts: u64,
    pub waiters: u64,
}

pub fn count(pool: &Mempool, which: usize, n: u32) {
    if n > 0 {
        trace(pool, which, n.into());
    }
    pool.counters[which].fetch_add(u64::from(n), Relaxed);
}

/// Whoever traces sees what is counted, in the same steps; 0 where looking would cost more than it is worth.
#[inline(always)]
fn trace(pool: &Mempool, which: usize, n: u64) {
    let pool = ptr::from_ref(pool).cast();
    match which {
        ALLOCATED => probe::hand_out(pool, n),
        FREED => probe::take_back(pool, n),
        FROM_RESERVE => probe::reserve_used(pool, n),
        _ => {}
    }
}

/// The same on the direct path, where a counter that all threads share would cost more than the rest.
#[inline(always)]
pub fn count_own(pool: &Mempool, which: usize, n: u64) {
    trace(pool, which, n);
    if !pool.stripes.add(which, n) {
        pool.counters[which].fetch_add(n, Relaxed);
    }
}

pub fn stats(pool: &Mempool) -> PoolStats {
    let counter = |which: usize| pool.counters[which].load(Relaxed) + pool.stripes.sum(which);
    PoolStats {
        min_nr: pool.min_nr.load(Relaxed).max(0) as u64,
        curr_nr: pool.curr_nr.load(Relaxed).max(0) as u64,
        allocated: counter(ALLOCATED),
        freed: counter(FREED),
        from_reserve: counter(FROM_RESERVE),
        waits: counter(WAITS),
        timeouts: counter(TIMEOUTS),
        waiters: pool.waiters.load(Relaxed).into(),
    }
}

/// Most pools that `dump` shows.
const SHOWN: usize = 64;

/// The pools at which somebody waits, for a person to read. Writing may block, so each is looked at by
/// itself and nothing is held between: one that comes or goes meanwhile may be missed or shown twice.
pub fn dump(w: &mut dyn Write) -> fmt::Result {
    for at in 0..SHOWN {
        let waited_at = waiting::open().pools().nth(at).map(|pool| (ptr::from_ref(pool), stats(pool)));
        let Some((pool, s)) = waited_at else { break };
        let PoolStats { min_nr, curr_nr, allocated, freed, waiters, .. } = s;
        writeln!(w, "pool {pool:p}: min_nr {min_nr} curr_nr {curr_nr} allocated {allocated} freed {freed} waiters {waiters}")?;
    }
    Ok(())
}
