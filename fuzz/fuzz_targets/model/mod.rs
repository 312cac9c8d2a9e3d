//! What must be so: which pages the input holds and what stands in them, how full each reserve is, how many
//! pages are outstanding. Each operation is in one of the files beside this one.
//!
//! Invariant, checked after each operation: the library counts as outstanding exactly the pages held, those in
//! reserves, and those in the arrays of queued requests; none is bad.

pub mod give;
pub mod input;
pub mod misuse;
pub mod pools;
pub mod requests;
pub mod take;

use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::own::{mempool_bulk_dump, mempool_bulk_get_stats, mempool_bulk_report, mempool_bulk_stats};
use mempool_bulk::ffi::pages::{page_address, page_count, page_private, page_to_pfn};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Four pieces of the 2 MiB in which memory is committed.
pub const LIMIT_PAGES: u64 = 2048;
/// What is kept back from requests that are not urgent.
pub const EMERGENCY: u64 = LIMIT_PAGES / 128;
pub const ZERO: u32 = mempool_bulk::gfp::__GFP_ZERO;

static BUGS: AtomicU64 = AtomicU64::new(0);

pub extern "C" fn on_report(kind: mempool_bulk_report, _text: *const c_char, _data: *mut c_void) {
    if matches!(kind, mempool_bulk_report::MEMPOOL_BULK_REPORT_BUG) {
        BUGS.fetch_add(1, Relaxed);
    }
}

pub fn bugs() -> u64 {
    BUGS.load(Relaxed)
}

/// A block that the input holds.
pub struct Held {
    pub page: *mut Page,
    pub order: u32,
    pub references: u32,
    tag: u64,
}

impl Held {
    fn words(&self) -> impl Iterator<Item = *mut u64> {
        let start = page_address(self.page).cast::<u64>();
        (0..1usize << self.order).flat_map(move |page| [0, 255, 511].map(|word| start.wrapping_add(page * 512 + word)))
    }

    fn write(&self) {
        // SAFETY: the words lie in pages that this input holds.
        self.words().for_each(|word| unsafe { word.write(self.tag ^ word.addr() as u64) });
    }

    pub fn check(&self) {
        // SAFETY: as above.
        let intact = |word: *mut u64| unsafe { word.read() } == self.tag ^ word.addr() as u64;
        assert!(self.words().all(intact), "a held page's contents have changed");
        assert_eq!(page_count(self.page), self.references as i32);
    }
}

pub struct World {
    pub held: Vec<Held>,
    /// By number: does the input hold the page?
    owned: Vec<bool>,
    /// Pages that were freed and may be anywhere but with the input.
    pub gone: Vec<*mut Page>,
    pub pools: [pools::Pool; 3],
    pub requests: [requests::Queued; 3],
    tags: u64,
}

impl World {
    pub fn new() -> Self {
        World {
            held: Vec::new(),
            owned: vec![false; LIMIT_PAGES as usize],
            gone: Vec::new(),
            pools: [(); 3].map(|()| pools::Pool::new()),
            requests: [(); 3].map(|()| requests::Queued::new()),
            tags: 1,
        }
    }

    /// A block comes from the library: nobody may hold any of it, and it must look new.
    pub fn born(&mut self, page: *mut Page, order: u32, gfp: u32) {
        assert!(!page.is_null());
        self.own(page, order, true);
        self.tags += 1;
        let held = Held { page, order, references: 1, tag: self.tags << 32 };
        assert_eq!((page_count(page), page_private(page)), (1, 0));
        // SAFETY: the words lie in pages that were just handed out.
        assert!(gfp & ZERO == 0 || held.words().all(|word| unsafe { word.read() } == 0), "not zeroed");
        held.write();
        self.held.push(held);
    }

    fn own(&mut self, page: *mut Page, order: u32, yes: bool) {
        let first = page_to_pfn(page) as usize;
        for owned in &mut self.owned[first..first + (1 << order)] {
            assert!(*owned != yes, "a page is held twice");
            *owned = yes;
        }
    }

    /// A held block of at most this order is about to be freed: drops one reference. The caller frees it.
    pub fn dies(&mut self, at: usize) -> (*mut Page, u32) {
        let held = &mut self.held[at];
        held.check();
        held.references -= 1;
        let (page, order) = (held.page, held.order);
        if held.references == 0 {
            self.held.swap_remove(at);
            self.own(page, order, false);
            self.gone.push(page);
        }
        (page, order)
    }

    /// Is the page free or in a reserve, as far as the input knows?
    pub fn is_gone(&self, page: *mut Page) -> bool {
        !self.owned[page_to_pfn(page) as usize] && !self.requests.iter().any(|queued| queued.holds(page))
    }

    pub fn outstanding(&self) -> u64 {
        let held: u64 = self.held.iter().map(|held| 1u64 << held.order).sum();
        let reserves: u64 = self.pools.iter().map(pools::Pool::pages).sum();
        held + reserves + self.requests.iter().map(requests::Queued::pages).sum::<u64>()
    }

    pub fn check(&self) {
        let stats = stats();
        assert_eq!(stats.pages_outstanding, self.outstanding(), "pages are lost or too many");
        assert_eq!(stats.pages_bad, 0);
        assert!(stats.pages_committed <= LIMIT_PAGES);
        self.pools.iter().for_each(pools::Pool::check);
    }

    /// How many single pages a request of this mask must be able to obtain, when no other request waits.
    pub fn obtainable(&self, gfp: u32, may_commit: bool) -> u64 {
        let stats = stats();
        let kept = if mempool_bulk::gfp::may_use_emergency(gfp) { 0 } else { EMERGENCY };
        let all = if may_commit { LIMIT_PAGES } else { stats.pages_committed };
        all.saturating_sub(stats.pages_outstanding + kept)
    }

    /// Gives everything back.
    pub fn end(&mut self) {
        (0..self.requests.len()).for_each(|i| self.cancel(i));
        while !self.held.is_empty() {
            let (page, order) = self.dies(self.held.len() - 1);
            mempool_bulk::ffi::pages::__free_pages(page, order);
        }
        self.pools.iter_mut().for_each(pools::Pool::exit);
        self.check();
        self.check_states();
    }

    /// The states of the pages, counted one by one by the library for a dump, agree with all counts.
    fn check_states(&self) {
        let text = dump();
        let line = text.lines().find_map(|line| line.strip_prefix("states: ")).unwrap_or_default();
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        if let [held, reserve, free, bad] = numbers[..] {
            let stats = stats();
            assert_eq!((held + reserve, bad), (stats.pages_outstanding, 0), "{text}");
            assert_eq!(free, stats.pages_free + stats.pages_cached, "{text}");
        }
    }
}

pub fn stats() -> mempool_bulk_stats {
    // SAFETY: a structure of integers.
    let mut stats: mempool_bulk_stats = unsafe { MaybeUninit::zeroed().assume_init() };
    stats.struct_size = size_of::<mempool_bulk_stats>();
    mempool_bulk_get_stats(&raw mut stats);
    stats
}

fn dump() -> String {
    use std::io::{Read, Seek};
    // SAFETY: the name is a C string, and the descriptor is new and this file's only.
    let mut file = unsafe { std::fs::File::from_raw_fd(libc::memfd_create(c"dump".as_ptr(), 0)) };
    assert_eq!(mempool_bulk_dump(std::os::fd::AsRawFd::as_raw_fd(&file)), 0);
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).expect("a dump");
    text
}
