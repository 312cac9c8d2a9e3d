//! Getting pages: cache, depot, commit, drain, emergency reserve, in that order. What a mask allows
//! is decided here and nowhere else. Knows no pool. No lock is held when this returns or calls back.

use super::cache::{self, CLEAN};
use super::depot::{DEPOT, Open, emergency_target};
use super::{MAX_ORDER, RETURNED, scope, state};
use crate::arena::{Arena, CHUNK_PAGES, arena, map};
use crate::gfp::*;
use crate::observe::report;
use crate::{config, pages::depot};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use core::time::Duration;

/// Pages that travel together between the free set and a caller.
const BATCH: usize = 64;

/// Pages handed out straight from the depot; changed under its lock.
pub static DIRECT: AtomicU64 = AtomicU64::new(0);
pub static DRAINS: AtomicU64 = AtomicU64::new(0);
pub static REFILLS: AtomicU64 = AtomicU64::new(0);

/// The arena with its first memory: what was configured to be there at once, the emergency reserve,
/// and one chunk, so that a first request that may not sleep finds something.
fn ready() -> Option<&'static Arena> {
    static FIRST: std::sync::Once = std::sync::Once::new();
    let arena = arena()?;
    FIRST.call_once(|| {
        let wanted = config::get().prealloc_bytes.div_ceil(map::PAGE_SIZE as u64);
        let wanted = wanted.max(u64::from(emergency_target(arena) + CHUNK_PAGES));
        if let Some(depot) = DEPOT.open(arena, true) {
            while u64::from(arena.committed()) < wanted && depot.grow() {}
        }
    });
    Some(arena)
}

/// A block of 2^order pages, or None as the mask has it.
pub fn alloc(gfp: u32, order: u32, _node: i32) -> Option<u32> {
    if order > MAX_ORDER {
        return None;
    }
    if order == 0 {
        let mut one = None;
        bulk(gfp, -1, 1, &mut |idx| one = Some(idx));
        return one;
    }
    let gfp = scope::apply(gfp);
    let arena = ready()?;
    let entry = persist(gfp, order, || take_block(arena, gfp, order))?;
    let idx = finish(gfp, entry, order);
    Some(idx)
}

/// Up to `want` single pages, each given to `sink` with no lock held; how many.
pub fn bulk(gfp: u32, _node: i32, want: u32, sink: &mut dyn FnMut(u32)) -> u32 {
    let gfp = scope::apply(gfp);
    let Some(arena) = ready() else { return 0 };
    let mut delivered = 0;
    let mut batch = [0u32; BATCH];
    while delivered < want {
        let room = BATCH.min((want - delivered) as usize);
        let n = persist(gfp, 0, || match take_singles(arena, gfp, &mut batch[..room]) {
            0 => None,
            n => Some(n),
        });
        let Some(n) = n else { break };
        for entry in &batch[..n] {
            sink(finish(gfp, *entry, 0));
        }
        delivered += n as u32;
    }
    delivered
}

/// Repeats `take` for as long as the mask demands success, sleeping in between; reports failure.
fn persist<T>(gfp: u32, order: u32, mut take: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        let forever = gfp & __GFP_NOFAIL != 0 && may_sleep(gfp);
        let interest = forever.then(|| RETURNED.interest());
        if let Some(got) = take() {
            return Some(got);
        }
        let Some(interest) = interest else { break };
        interest.sleep(Duration::from_millis(config::wait_timeout_ms().into()));
    }
    if gfp & __GFP_NOWARN == 0 {
        static WARNED: AtomicU32 = AtomicU32::new(0);
        report::warn_limited(&WARNED, 10, format_args!("page allocation failure: order {order}, gfp {gfp:#x}"));
    }
    None
}

fn finish(gfp: u32, entry: u32, order: u32) -> u32 {
    let idx = entry & !CLEAN;
    if gfp & __GFP_ZERO != 0 && entry & CLEAN == 0 {
        map::zero(idx, 1 << order);
    }
    idx
}

fn take_singles(arena: &'static Arena, gfp: u32, out: &mut [u32]) -> usize {
    let cell = cache::mine();
    let n = cell.pop(arena, out);
    if n > 0 {
        return n;
    }
    let Some(depot) = DEPOT.open(arena, may_wait_for_locks(gfp)) else { return 0 };
    let mut n = depot.take_run(out);
    if n == 0 && may_sleep(gfp) && depot.grow() {
        n = depot.take_run(out);
    }
    if n == 0 {
        DRAINS.fetch_add(1, Relaxed);
        cache::drain(&depot, may_wait_for_locks(gfp));
        n = depot.take_run(out);
    }
    if n == 0 && may_use_emergency(gfp) {
        n = take_emergency(&depot, out);
    }
    let n = hand_out_all(arena, out, n);
    if n == out.len() && n < BATCH {
        REFILLS.fetch_add(1, Relaxed);
        cell.refill(&depot, BATCH);
    }
    n
}

fn take_emergency(depot: &depot::Open<'_>, out: &mut [u32]) -> usize {
    let mut n = 0;
    while n < out.len() {
        let Some(idx) = depot.take_emergency() else { break };
        out[n] = idx;
        n += 1;
    }
    n
}

/// Marks the first `n` as handed out, dropping those that turn out bad; how many remain.
fn hand_out_all(arena: &Arena, out: &mut [u32], n: usize) -> usize {
    let mut good = 0;
    for i in 0..n {
        if let Some(clean) = state::hand_out(arena, out[i], 0, false) {
            out[good] = out[i] | if clean { CLEAN } else { 0 };
            good += 1;
        }
    }
    DIRECT.fetch_add(good as u64, Relaxed);
    good
}

fn take_block(arena: &'static Arena, gfp: u32, order: u32) -> Option<u32> {
    let depot = DEPOT.open(arena, may_sleep(gfp))?;
    loop {
        let idx = find_block(&depot, gfp, order)?;
        if let Some(clean) = state::hand_out(arena, idx, order, gfp & __GFP_COMP != 0) {
            DIRECT.fetch_add(1 << order, Relaxed);
            return Some(idx | if clean { CLEAN } else { 0 });
        }
    }
}

fn find_block(depot: &Open<'_>, gfp: u32, order: u32) -> Option<u32> {
    if let Some(idx) = depot.take(order) {
        return Some(idx);
    }
    // A block above the chunk size needs two neighbouring chunks, hence the loop.
    while may_sleep(gfp) && depot.grow() {
        if let Some(idx) = depot.take(order) {
            return Some(idx);
        }
    }
    DRAINS.fetch_add(1, Relaxed);
    cache::drain(depot, may_sleep(gfp));
    depot.take(order)
}
