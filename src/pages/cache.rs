//! Between the slabs and the depot, always with the depot open: refill, flush, drain, and the pressure
//! that a drain leaves behind. No page is in transit outside the depot's lock: what leaves a slab or
//! the depot here has reached the other before the lock is let go.
//! Invariant: depot open and `pressure` set ⇒ every slab is stopped and empty, so a shortage seen then
//! is real. Knows no gfp mask.

use super::depot::{DEPOT, Open, emergency_target};
use super::{RETURNED, masks::WORD_ORDER};
use crate::observe::{aids, probe};
use crate::sync::{BATCH, Batch, NOTHING, Singles, Words, percpu};
use core::sync::atomic::{AtomicU64, Ordering::*};

/// Pages that come into a slab together with one that is asked for.
pub const REFILL_PAGES: usize = 64;
/// Words that come into a slab together with those asked for, and leave a full one together.
const MOVE_WORDS: usize = 32;
/// Pressure ends when the depot holds this many pages beyond those kept back, or a quarter of a small
/// arena.
const LOW_WATER: u32 = 256;

pub static DRAINS: AtomicU64 = AtomicU64::new(0);
pub static REFILLS: AtomicU64 = AtomicU64::new(0);
pub static FLUSHES: AtomicU64 = AtomicU64::new(0);
/// Pages that were popped from a slab into the depot, not to a user. Changed with the depot open.
pub static UNSOLD: AtomicU64 = AtomicU64::new(0);

/// Moves single pages into this CPU's slab; what finds no room goes back.
pub fn refill_pages(depot: &Open, n: usize, floor: u32) {
    if DEPOT.pressure.load(Relaxed) {
        return;
    }
    let mut pages = Batch::new();
    depot.take_pages(&mut pages, n, floor);
    REFILLS.fetch_add(1, Relaxed);
    let stored = percpu::push::<Singles>(pages.entries());
    depot.put_pages(pages.entries()[stored..].iter().copied());
}

/// Moves whole words into this CPU's slab; what finds no room goes back.
pub fn refill_words(depot: &Open, floor: u32) {
    if DEPOT.pressure.load(Relaxed) {
        return;
    }
    let mut words = Batch::new();
    depot.take_words(&mut words, MOVE_WORDS, floor);
    REFILLS.fetch_add(1, Relaxed);
    let stored = percpu::push::<Words>(words.entries());
    words.entries()[stored..].iter().for_each(|w| depot.put_word(*w));
}

/// Makes a whole word, of this CPU or of the depot, this CPU's run if it has none as long.
pub fn refill_run(depot: &Open, floor: u32) {
    if DEPOT.pressure.load(Relaxed) {
        return;
    }
    let mut words = Batch::new();
    percpu::pop::<Words>(&mut words, 1);
    UNSOLD.fetch_add((words.entries().len() << WORD_ORDER) as u64, Relaxed);
    if words.entries().is_empty() {
        depot.take_words(&mut words, 1, floor);
    }
    for w in words.entries() {
        if percpu::put_run(w << WORD_ORDER, 1 << WORD_ORDER) {
            REFILLS.fetch_add(1, Relaxed);
        } else {
            depot.put_word(*w);
        }
    }
}

/// Moves a batch of this CPU's single pages to the depot; false when there were none left.
pub fn flush_pages(depot: &Open) -> bool {
    let mut pages = Batch::new();
    percpu::pop::<Singles>(&mut pages, BATCH);
    depot.put_pages(pages.entries().iter().copied());
    flushed(pages.entries().len());
    !pages.entries().is_empty()
}

/// Moves part of this CPU's words to the depot; how many.
pub fn flush_words(depot: &Open) -> usize {
    let mut words = Batch::new();
    percpu::pop::<Words>(&mut words, MOVE_WORDS);
    words.entries().iter().for_each(|w| depot.pass_word(*w));
    let n = words.entries().len();
    flushed(n << WORD_ORDER);
    n
}

/// Moves this CPU's run to the depot; false when there was none.
pub fn flush_run(depot: &Open) -> bool {
    let n = percpu::run_len();
    let first = if n > 0 { percpu::take_run(n) } else { NOTHING };
    let found = first != NOTHING;
    if found {
        depot.put_pages(first..first + n);
        flushed(n as usize);
    }
    found
}

fn flushed(pages: usize) {
    if pages > 0 {
        FLUSHES.fetch_add(1, Relaxed);
        UNSOLD.fetch_add(pages as u64, Relaxed);
    }
}

/// Moves every free page there is to the depot and leaves the slabs stopped: under pressure each drain
/// would interrupt all CPUs. A caller that may not sleep may find a busy slab of the locked kind; then
/// it has only most pages, and no pressure.
pub fn drain(depot: &Open, may_sleep: bool) {
    if !DEPOT.pressure.load(Relaxed) {
        stop_slabs(depot, may_sleep);
    }
    depot.settle();
    // Last: a thread may have left a page for us and gone on with one from its slab while that ran.
    depot.absorb();
}

fn stop_slabs(depot: &Open, may_sleep: bool) {
    DRAINS.fetch_add(1, Relaxed);
    let all = percpu::stop_all(may_sleep, &mut |slab| {
        slab.empty::<Singles>(|pages| depot.put_pages(pages));
        slab.empty_run(|pages| depot.put_pages(pages));
        slab.empty::<Words>(|words| words.for_each(|w| depot.put_word(w)));
    });
    probe::drain(depot.free());
    if all {
        DEPOT.pressure.store(true, Relaxed);
    } else {
        percpu::resume_all();
    }
}

/// Lets the slabs be used again once there are pages to spare and nobody sleeps: while somebody does,
/// every free must come by the depot, whose lock's end tells sleepers. A sleeper registers before its
/// last try, and that try opens the depot: if this ran before, the try finds no pressure and drains
/// again; if it runs later, it sees the sleeper.
pub fn relax(depot: &Open) {
    let enough = emergency_target(depot.arena) + LOW_WATER.min(depot.arena.max_pages() / 4);
    if DEPOT.pressure.load(Relaxed) && depot.free() >= enough {
        release(depot);
    }
}

/// Lets the slabs be used again unless somebody sleeps, or debugging aids want to see every page.
pub fn release(_depot: &Open) {
    if !RETURNED.has_sleepers() && !aids::any() {
        DEPOT.pressure.store(false, Relaxed);
        percpu::resume_all();
    }
}

/// Pages in all slabs; a snapshot.
pub fn cached_pages() -> u64 {
    percpu::slabs().map(|slab| (slab.run_len() as usize + slab.len::<Singles>() + (slab.len::<Words>() << WORD_ORDER)) as u64).sum()
}

/// Pages that ever left a slab for a user.
pub fn sold() -> u64 {
    let popped: u64 = percpu::slabs().map(|slab| slab.popped::<Singles>() + (slab.popped::<Words>() << WORD_ORDER)).sum();
    popped.saturating_sub(UNSOLD.load(Relaxed))
}
