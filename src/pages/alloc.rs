//! Getting one page, or one block: this CPU's slab, depot, commit, drain, emergency pages, shrinkers, in that
//! order.
//! What a mask allows is decided in this file and nowhere else. Knows no pool. No lock is held when
//! this returns.

use super::cache::{self, REFILL_PAGES};
use super::depot::{DEPOT, Open, emergency_target};
use super::{MAX_ORDER, RETURNED, child, first, scope, shrink, state, watched};
use crate::arena::map::{self, ARENA, Page};
use crate::arena::view::view;
use crate::arena::Arena;
use crate::config;
use crate::gfp::*;
use crate::observe::fault::{self, Fault};
use crate::observe::{aids, report};
use crate::sync::{Batch, NOTHING, Singles, percpu};
use core::cell::Cell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use core::time::Duration;

/// Rounds of reclaim that may pass without a page for who asked, although shrinkers gave some.
const ROUNDS: u32 = 16;
/// Pages that a shrinker is asked for at least: the next requests spare a round.
const SCAN_PAGES: u64 = 32;

/// Pages handed out straight from the depot; changed with it open.
pub static DIRECT: AtomicU64 = AtomicU64::new(0);

/// A single page, or NULL as the mask has it.
#[inline(always)]
pub fn alloc_one(gfp: u32) -> *mut Page {
    let page = if gfp & __GFP_ZERO == 0 { alloc_one_cached() } else { null_mut() };
    if page.is_null() { alloc_one_slowly(gfp) } else { page }
}

/// A single page if this CPU's slab has one, else NULL; it is not zeroed.
#[inline(always)]
pub fn alloc_one_cached() -> *mut Page {
    let (idx, view) = (percpu::pop_one_fast::<Singles>(), view());
    match view.state(idx) {
        Some(state) if state::hand_out_fast(state) => view.page_ptr(idx),
        Some(_) => set_aside(idx),
        None => null_mut(),
    }
}

/// For when the slab gave a page that is not free.
#[cold]
fn set_aside(bad: u32) -> *mut Page {
    state::quarantine(&ARENA, bad, 1);
    null_mut()
}

#[cold]
fn alloc_one_slowly(gfp: u32) -> *mut Page {
    search_one(gfp).map_or(null_mut(), map::page_ptr)
}

fn search_one(gfp: u32) -> Option<u32> {
    let request = Request::new(gfp, 0)?;
    request.persist(1, || {
        loop {
            let idx = match percpu::pop_one::<Singles>() {
                NOTHING => request.page_of_depot().or_else(page_of_run)?,
                idx => idx,
            };
            if let Some(clean) = state::hand_out(request.arena, idx) {
                return Some(request.finish(idx, clean));
            }
        }
    })
}

/// The last resort of a request that found the depot busy.
fn page_of_run() -> Option<u32> {
    Some(percpu::take_run(1)).filter(|idx| *idx != NOTHING)
}

/// A block of 2^order pages, or None as the mask has it.
#[inline(always)]
pub fn alloc(gfp: u32, order: u32) -> Option<u32> {
    if order == 0 { map::page_index(alloc_one(gfp)) } else { alloc_block(gfp, order) }
}

#[cold]
fn alloc_block(gfp: u32, order: u32) -> Option<u32> {
    if order > MAX_ORDER {
        return None;
    }
    let request = Request::new(gfp, order)?;
    request.persist(1 << order, || {
        loop {
            let idx = request.block_of_depot()?;
            if let Some(clean) = state::hand_out_block(request.arena, idx, order, gfp & __GFP_COMP != 0) {
                return Some(request.finish(idx, clean));
            }
        }
    })
}

/// Is this request to get nothing: by a fault, or because it is made on a pool's direct path, while only the
/// general one sees to faults? Faults spare who must not fail, and pages that come back on their way to those who
/// wait: nobody looks for these a second time.
#[cold]
fn shall_fail(gfp: u32, order: u32) -> bool {
    gfp & SHORTCUT != 0 || gfp & (__GFP_NOFAIL | PATIENT) == 0 && is_struck(order)
}

/// Who strikes for the last time tells those from whom pages were hidden.
fn is_struck(order: u32) -> bool {
    let struck = fault::strikes(Fault::PageAlloc, 1 << order);
    if struck && !fault::may_strike(Fault::PageAlloc) {
        RETURNED.notify();
    }
    struck
}

/// A request that the slab could not serve, and what its mask means.
pub(super) struct Request {
    pub arena: &'static Arena,
    gfp: u32,
    order: u32,
    /// Rounds of reclaim that are left.
    rounds: Cell<u32>,
}

impl Request {
    /// None when there is no arena, or none yet for a caller that may not wait, or when the request is to fail.
    pub fn new(gfp: u32, order: u32) -> Option<Request> {
        let arena = first::arena(may_wait_for_locks(gfp))?;
        if aids::some() && shall_fail(gfp, order) {
            return None;
        }
        let gfp = scope::apply(gfp & !SHORTCUT);
        Some(Request { arena, gfp, order, rounds: Cell::new(Self::all_rounds(gfp)) })
    }

    pub fn wants_zero(&self) -> bool {
        self.gfp & __GFP_ZERO != 0
    }

    pub fn may_sleep(&self) -> bool {
        may_sleep(self.gfp)
    }

    /// Asking the system in vain costs more than the rest of a first pass: not each time.
    fn may_grow(&self, depot: &Open) -> bool {
        self.may_sleep() || self.gfp & EASY != 0 && depot.is_worth_growing()
    }

    /// Repeats `take`, which wants `want` pages at most, while shrinkers give pages and for as long as the
    /// mask demands success, sleeping in between; reports failure.
    pub fn persist<T>(&self, want: u64, mut take: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            let interest = self.waits_for_ever().then(|| RETURNED.interest());
            if let Some(got) = take() {
                if self.gfp & __GFP_NORETRY == 0 {
                    self.rounds.set(ROUNDS);
                }
                return Some(got);
            }
            if child::is_one() {
                self.refuse();
                return None;
            }
            if self.reclaim(want) {
                continue;
            }
            let Some(interest) = interest else { break };
            interest.sleep(Duration::from_millis(config::wait_timeout_ms().into()));
        }
        if self.gfp & __GFP_NOWARN == 0 {
            static WARNED: AtomicU32 = AtomicU32::new(0);
            let (order, gfp) = (self.order, self.gfp);
            report::warn_limited(&WARNED, 10, format_args!("page allocation failure: order {order}, gfp {gfp:#x}"));
        }
        None
    }

    /// For a child that may not allocate. The first pass of a pool says nothing: the pool will.
    #[cold]
    fn refuse(&self) {
        if self.gfp & EASY == 0 {
            child::is_refused();
        }
    }

    /// One round of reclaim with no lock held, if the mask allows one more; is it worth another try? Even one
    /// that gave nothing is, once: a thread that ran the same shrinkers may have left no more for us, and
    /// freed what we want. Who waits for ever hears of that, and sleeps.
    fn reclaim(&self, want: u64) -> bool {
        let left = self.rounds.get();
        if !self.may_sleep() || left == 0 {
            return false;
        }
        let Some(given) = shrink::scan(want.max(SCAN_PAGES), self.gfp) else { return false };
        if self.waits_for_ever() {
            return given > 0;
        }
        self.rounds.set(if given > 0 { left - 1 } else { 0 });
        true
    }

    /// A pool asks with `__GFP_NORETRY` and waits itself, for its reserve too.
    fn waits_for_ever(&self) -> bool {
        self.gfp & (__GFP_NOFAIL | __GFP_NORETRY) == __GFP_NOFAIL && self.may_sleep()
    }

    fn all_rounds(gfp: u32) -> u32 {
        if gfp & __GFP_NORETRY != 0 { 1 } else { ROUNDS }
    }

    pub fn open(&self) -> Option<Open> {
        DEPOT.open(self.arena, may_wait_for_locks(self.gfp))
    }

    /// What normal requests must leave in the depot.
    pub fn floor(&self) -> u32 {
        emergency_target(self.arena)
    }

    /// Runs `take` on the open depot, with the floor to leave, after ever harder measures until it gets
    /// something: as it is, with words in transit and this CPU's, with newly committed memory, with what
    /// all slabs hold, with the pages kept back.
    pub fn search<T>(&self, depot: &Open, mut take: impl FnMut(u32) -> Option<T>) -> Option<T> {
        let floor = self.floor();
        let mut found = take(floor);
        while found.is_none() && (depot.settle() || cache::flush_words(depot) > 0 || cache::flush_run(depot)) {
            found = take(floor);
        }
        // A block above the chunk size needs two neighbouring chunks, hence the loop.
        while found.is_none() && self.may_grow(depot) && depot.grow() {
            // Somebody who may not commit may sleep for what we leave of it.
            depot.note_returned();
            found = take(floor);
        }
        if found.is_none() && self.gfp & EASY == 0 {
            cache::drain(depot, may_wait_for_locks(self.gfp));
            found = take(floor);
        }
        if found.is_none() && may_use_emergency(self.gfp) {
            found = take(0);
        }
        found
    }

    fn page_of_depot(&self) -> Option<u32> {
        let depot = self.open()?;
        let mut one = Batch::new();
        let idx = self.search(&depot, |floor| {
            depot.take_pages(&mut one, 1, floor);
            one.entries().first().copied()
        })?;
        DIRECT.fetch_add(1, Relaxed);
        cache::refill_pages(&depot, REFILL_PAGES, self.floor());
        Some(idx)
    }

    fn block_of_depot(&self) -> Option<u32> {
        let depot = self.open()?;
        let idx = self.search(&depot, |floor| depot.take_block(self.order, floor))?;
        DIRECT.fetch_add(1 << self.order, Relaxed);
        Some(idx)
    }

    fn finish(&self, idx: u32, clean: bool) -> u32 {
        watched::handed_out(idx, self.order, self.wants_zero());
        if self.wants_zero() && !clean {
            map::zero(idx, 1 << self.order);
        }
        idx
    }
}
