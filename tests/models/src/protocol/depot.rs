//! The depot and what may be done only under its lock: refill, flush, growth, drain, and every change
//! of a stop word and of pressure mode. With the lock held and every slab stopped, no free page is
//! anywhere else: a shortage seen there is real. Knows no request.

use super::cpu::{Header, Thread};
use super::slab::{For, Moved};
use super::locked;
use super::{FREE_CLEAN, Guarded, Page, World};
use crate::bug::Bug;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

pub struct Depot {
    pub free: Vec<Page>,
    pub uncommitted: Vec<Page>,
    /// Every slab is stopped and empty.
    pub pressure: bool,
    /// Seeded mistake only: the stop words are to be cleared after the lock.
    clear_later: bool,
}

impl Depot {
    pub fn new(free: Vec<Page>, uncommitted: Vec<Page>, pressure: bool) -> Self {
        Depot { free, uncommitted, pressure, clear_later: false }
    }
}

pub type Open<'a> = locked::Open<'a, Depot>;

impl World {
    pub(super) fn lock_depot(&self) -> Open<'_> {
        self.depot.lock()
    }

    /// Lets go of the depot, and wakes sleepers if something came into it that they may want.
    pub(super) fn unlock_depot(&self, mut depot: Open<'_>, tell: bool) {
        let clear = std::mem::take(&mut depot.clear_later);
        drop(depot);
        if clear {
            self.clear_stop();
        }
        if tell {
            self.event.notify();
        }
    }

    /// A page comes into the depot. One that is there already was freed twice: a BUG.
    fn add(&self, depot: &mut Depot, page: Page) {
        if depot.free.contains(&page) && !self.has(Bug::DepotTakesTwice) {
            return self.ghost.report();
        }
        depot.free.push(page);
    }

    /// The only place where pressure mode ends. Not while anybody sleeps: some puts wake nobody (what a
    /// refill could not push), and with the slabs open again the next free would go into one unseen.
    pub(super) fn put(&self, depot: &mut Depot, page: Page) {
        self.add(depot, page);
        let alone = !self.event.has_sleepers() || self.has(Bug::PressureEndsWithSleepers);
        if depot.pressure && depot.free.len() >= self.setup.low_water && alone {
            depot.pressure = false;
            if self.has(Bug::ClearedOutsideLock) {
                depot.clear_later = true;
            } else {
                self.clear_stop();
            }
        }
    }

    fn clear_stop(&self) {
        self.cpus.iter().for_each(|cpu| cpu.access(|m| m.stop = false));
    }

    /// Moves up to `refill` pages to this CPU's slab. They pass through a stack buffer, which nobody
    /// sees as long as the lock is held.
    pub(super) fn refill<'a>(&'a self, mut depot: Open<'a>, me: &Thread) -> Open<'a> {
        let n = self.setup.refill.min(depot.free.len());
        let at = depot.free.len() - n;
        let buffer = depot.free.split_off(at);
        if self.has(Bug::RefillOutsideLock) {
            drop(depot);
            depot = self.push_or_put(self.push(me, &buffer), buffer, None);
            return depot;
        }
        self.push_or_put(self.push(me, &buffer), buffer, Some(depot))
    }

    fn push_or_put<'a>(&'a self, moved: Moved, buffer: Vec<Page>, depot: Option<Open<'a>>) -> Open<'a> {
        let mut depot = depot.unwrap_or_else(|| self.lock_depot());
        let pushed = match moved {
            Moved::Pages(n) => n,
            Moved::Stopped => 0,
        };
        buffer[pushed..].iter().for_each(|page| self.put(&mut depot, *page));
        depot
    }

    /// Moves the younger half of this CPU's slab to the depot: the older half stays where it is, since
    /// a section may not write below the length.
    pub(super) fn flush(&self, depot: &mut Depot, me: &Thread) {
        let mut out = Vec::new();
        self.pop(me, self.setup.room.div_ceil(2), For::Depot, &mut out);
        out.iter().for_each(|page| self.put(depot, *page));
    }

    /// Commits more pages; false when there are none.
    pub(super) fn grow(&self, depot: &mut Depot) -> bool {
        let n = self.setup.growth.min(depot.uncommitted.len());
        for page in depot.uncommitted.drain(..n).collect::<Vec<_>>() {
            self.state[page].store(FREE_CLEAN, Relaxed);
            depot.free.push(page);
        }
        n > 0
    }

    /// Turns pressure mode on: stops every slab and takes all it holds.
    pub(super) fn drain(&self, depot: &mut Depot) {
        if depot.pressure {
            return;
        }
        depot.pressure = true;
        match self.setup.guarded {
            Guarded::Locks => (0..self.cpus.len()).for_each(|cpu| self.drain_locked(depot, cpu)),
            Guarded::Sections => {
                self.stop_all();
                (0..self.cpus.len()).for_each(|cpu| self.take_all(depot, cpu));
            }
        }
    }

    fn stop_all(&self) {
        let late = self.has(Bug::StopAfterBarrier);
        let stop = || self.cpus.iter().for_each(|cpu| cpu.access(|m| m.stop = true));
        if !late {
            stop();
        }
        if !self.has(Bug::NoBarrier) {
            self.cpus.iter().for_each(|cpu| cpu.interrupt());
        }
        self.ghost.barriers.fetch_add(1, SeqCst);
        if late {
            stop();
        }
    }

    fn take_all(&self, depot: &mut Depot, cpu: usize) {
        let cpu = &self.cpus[cpu];
        let header = cpu.access(|m| m.header);
        let pages = cpu.access(|m| m.entries[..header.len].to_vec());
        for page in pages {
            // Not `put`: that could end pressure mode while lengths are still to be written.
            if self.has(Bug::ClearedBeforeLen) { self.put(depot, page) } else { self.add(depot, page) }
        }
        cpu.access(|m| m.header = Header { len: 0, ..header });
    }

    fn drain_locked(&self, depot: &mut Depot, cpu: usize) {
        let lock = &self.cpus[cpu].lock;
        let guard = if self.has(Bug::DrainSkipsBusySlab) { lock.try_lock() } else { Some(lock.lock()) };
        if guard.is_some() {
            self.cpus[cpu].access(|m| m.stop = true);
            self.take_all(depot, cpu);
        }
    }
}
