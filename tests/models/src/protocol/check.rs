//! The ghost: what the models assert, kept in std atomics so that looking costs no step. Nothing in
//! the protocol decides by it.

use super::{ALLOCATED, FREE, FREE_CLEAN, Page, Setup, UNCOMMITTED, World};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

const NOBODY: usize = usize::MAX;
/// Holds what was handed out before the model began.
const BEFORE: usize = usize::MAX - 1;

pub struct Ghost {
    /// Membarriers that have returned.
    pub barriers: AtomicUsize,
    reports: AtomicUsize,
    /// Hand-outs of a page that somebody held.
    twice: AtomicUsize,
    popped: AtomicUsize,
    owner: Vec<AtomicUsize>,
    /// Written since it was committed.
    dirty: Vec<AtomicBool>,
    /// Its holder got it clean.
    clean: Vec<AtomicBool>,
    careless: bool,
}

impl Ghost {
    pub fn new(setup: &Setup) -> Self {
        let owner = |page| AtomicUsize::new(if setup.held.contains(&page) { BEFORE } else { NOBODY });
        Ghost {
            barriers: AtomicUsize::new(0),
            reports: AtomicUsize::new(0),
            twice: AtomicUsize::new(0),
            popped: AtomicUsize::new(0),
            owner: (0..setup.pages).map(owner).collect(),
            dirty: (0..setup.pages).map(|page| AtomicBool::new(setup.committed(page))).collect(),
            clean: (0..setup.pages).map(|_| AtomicBool::new(false)).collect(),
            careless: setup.careless,
        }
    }

    /// A BUG report. Users who make no mistake never see one.
    pub fn report(&self) {
        assert!(self.careless, "a BUG was reported, but nobody made a mistake");
        self.reports.fetch_add(1, SeqCst);
    }

    pub fn popped(&self, n: usize) {
        self.popped.fetch_add(n, SeqCst);
    }

    pub fn handed_out(&self, to: usize, page: Page, clean: bool) {
        if self.owner[page].swap(to, SeqCst) != NOBODY {
            assert!(self.careless, "page {page} is handed out, and somebody holds it");
            self.twice.fetch_add(1, SeqCst);
        }
        // Every user writes to its pages.
        let dirty = self.dirty[page].swap(true, SeqCst);
        assert!(!(clean && dirty), "page {page} is handed out as clean, and it was written to");
        self.clean[page].store(clean, SeqCst);
    }

    /// The holder lets go; had it got the page clean?
    pub fn gave_back(&self, page: Page) -> bool {
        self.owner[page].store(NOBODY, SeqCst);
        self.clean[page].load(SeqCst)
    }
}

impl World {
    pub fn reports(&self) -> usize {
        self.ghost.reports.load(SeqCst)
    }

    pub fn handed_out_twice(&self) -> usize {
        self.ghost.twice.load(SeqCst)
    }

    /// Conservation, after all threads are done: each page is in exactly one place and in the state of
    /// that place.
    pub fn settled(&self) {
        let depot = self.depot.lock();
        let mut places = vec![0; self.setup.pages];
        let mut cached = depot.free.clone();
        let mut popped = 0;
        for cpu in &self.cpus {
            cpu.access(|m| {
                assert!(!depot.pressure || m.header.len == 0, "pressure mode, and a slab holds pages");
                assert_eq!(m.stop, depot.pressure, "a stop word differs from pressure mode");
                cached.extend(&m.entries[..m.header.len]);
                popped += m.header.popped;
            });
        }
        for page in cached {
            assert!(page < places.len(), "a slab holds rubbish");
            places[page] += 1;
            assert!(matches!(self.state_of(page), FREE | FREE_CLEAN), "page {page} is cached and not free");
        }
        for (page, place) in places.iter_mut().enumerate() {
            let held = self.ghost.owner[page].load(SeqCst) != NOBODY;
            assert!(!held || self.state_of(page) == ALLOCATED, "page {page} is held and not allocated");
            *place += usize::from(held) + usize::from(self.state_of(page) == UNCOMMITTED);
        }
        assert!(places.iter().all(|n| *n == 1), "a page is not in exactly one place: {places:?}");
        assert_eq!(popped, self.ghost.popped.load(SeqCst), "the count of popped pages is wrong");
    }

    pub fn nobody_holds_any(&self) {
        let held = |owner: &AtomicUsize| owner.load(SeqCst) != NOBODY;
        assert!(!self.ghost.owner.iter().any(held), "a page was lost: nobody gave it back");
    }

    fn state_of(&self, page: Page) -> u8 {
        self.state[page].load(std::sync::atomic::Ordering::Relaxed)
    }
}
