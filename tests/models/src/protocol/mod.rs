//! The rules of the page cache, as the design has them. A world is a few CPUs with a slab each, a
//! depot, one state byte a page and an event for sleepers. Compiled once for each checker: `sync` is
//! the checker's, `real` the library's own event over it.
//!
//! Beside the protocol runs a ghost (`check`): who holds which page, what was reported. It uses std
//! atomics, which are no step for the checker.

mod alloc;
mod check;
mod cpu;
mod depot;
mod free;
mod locked;
mod reserve;
mod run;
mod slab;

pub use alloc::Want;
pub use cpu::Thread;
pub use run::{Script, together};

use super::{real, sync};
use crate::bug::Bug;
use check::Ghost;
use cpu::Cpu;
use depot::Depot;
use real::event::Event;
use locked::Locked;
use sync::AtomicU8;

pub type Page = usize;

/// The state bytes of the models.
pub const UNCOMMITTED: u8 = 0;
pub const FREE_CLEAN: u8 = 1;
pub const FREE: u8 = 2;
pub const ALLOCATED: u8 = 3;
pub const BAD: u8 = 4;
pub const RESERVE: u8 = 5;

/// How a slab is guarded: by restartable sections, or by a lock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    Sections,
    Locks,
}

/// Where every page is at the start. Pages named nowhere are not committed yet.
#[derive(Clone, Debug)]
pub struct Setup {
    pub bug: Bug,
    pub guarded: Guarded,
    pub pages: usize,
    /// One for each CPU.
    pub slabs: Vec<Vec<Page>>,
    pub depot: Vec<Page>,
    /// Pages handed out at the start, to nobody in particular.
    pub held: Vec<Page>,
    /// Most entries of a slab.
    pub room: usize,
    /// A request pops what there is instead of all or nothing.
    pub partial_pops: bool,
    /// Pages a refill moves beyond what was asked for.
    pub refill: usize,
    /// Pressure mode ends at this many pages in the depot.
    pub low_water: usize,
    /// Pages that one growth commits.
    pub growth: usize,
    /// Pressure mode is on at the start.
    pub pressure: bool,
    /// Users make mistakes: reports and double owners are counted instead of failing the model.
    pub careless: bool,
}

impl Setup {
    /// Two CPUs with empty slabs, restartable sections, everything in the depot.
    pub fn new(bug: Bug, pages: usize) -> Self {
        Setup {
            bug,
            guarded: Guarded::Sections,
            pages,
            slabs: vec![vec![], vec![]],
            depot: (0..pages).collect(),
            held: vec![],
            room: 2,
            partial_pops: false,
            refill: 1,
            low_water: 1,
            growth: 0,
            pressure: false,
            careless: false,
        }
    }

    fn committed(&self, page: Page) -> bool {
        self.held.contains(&page) || self.free(page)
    }

    fn free(&self, page: Page) -> bool {
        self.depot.contains(&page) || self.slabs.iter().any(|slab| slab.contains(&page))
    }
}

pub struct World {
    setup: Setup,
    cpus: Vec<Cpu>,
    depot: Locked<Depot>,
    /// Relaxed loads and stores: a page's way from one thread to the next is ordered by the slab's
    /// header or the depot lock.
    state: Vec<AtomicU8>,
    reserve: Locked<Vec<Page>>,
    event: Event,
    ghost: Ghost,
}

impl World {
    pub fn new(setup: Setup) -> Self {
        let state = |page| match (setup.held.contains(&page), setup.free(page)) {
            (true, _) => ALLOCATED,
            (false, free) => if free { FREE } else { UNCOMMITTED },
        };
        let uncommitted = (0..setup.pages).filter(|page| !setup.committed(*page)).collect();
        let event = Event::new();
        event.interest().sleep(core::time::Duration::ZERO); // uses each of its words once
        World {
            cpus: setup.slabs.iter().map(|slab| Cpu::new(setup.room, slab, setup.pressure)).collect(),
            depot: Locked::new(Depot::new(setup.depot.clone(), uncommitted, setup.pressure)),
            state: (0..setup.pages).map(|page| AtomicU8::new(state(page))).collect(),
            reserve: Locked::new(Vec::new()),
            event,
            ghost: Ghost::new(&setup),
            setup,
        }
    }

    /// A signal for whatever runs on this CPU.
    pub fn signal(&self, cpu: usize) {
        self.cpus[cpu].interrupt();
    }

    fn has(&self, bug: Bug) -> bool {
        self.setup.bug == bug
    }
}
