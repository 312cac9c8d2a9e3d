//! Pages side by side at one address, and the list of such mappings. Pages whose addresses follow each other
//! have that address already; others are mapped from the memfd. A mapping holds no reference: as in the kernel,
//! who maps pages keeps them until he has unmapped them, so nothing that is mapped is ever free, or trimmed.
//!
//! The list is sorted by address. Mappings of their own never overlap; those that are the pages' own address
//! may, and one address may be there several times. No system call and no user's code runs with the list's lock
//! held. Whoever is inside it is `inside`, so that a fork waits, and a signal handler does not.

use super::{child, put, state};
use crate::arena::map::{self, ARENA, PAGE_SIZE, Page};
use crate::arena::vmap;
use crate::error::Error;
use crate::observe::report;
use crate::sync::inside;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};
use parking_lot::RwLock;

struct Mapping {
    start: usize,
    pages: usize,
    /// Which pages they are, when the mapping is its own; empty when it is the pages' own address.
    numbers: Vec<u32>,
    /// The user's array, if `free` is to put the pages and then free it; else 0.
    list: usize,
}

impl Mapping {
    fn holds(&self, address: usize) -> bool {
        (self.start..self.start + self.pages * PAGE_SIZE).contains(&address)
    }

    /// The page number `at` of this mapping.
    fn page(&self, at: usize) -> Option<u32> {
        let own = || map::index_of_address(core::ptr::without_provenance(self.start + at * PAGE_SIZE));
        if self.numbers.is_empty() { own() } else { self.numbers.get(at).copied() }
    }

    fn unmap(&self) {
        if !self.numbers.is_empty() {
            vmap::unmap(self.start, self.pages);
        }
    }
}

struct Mappings {
    all: Vec<Mapping>,
    /// No mapping is longer than this, in pages.
    longest: usize,
}

static MAPPINGS: RwLock<Mappings> = RwLock::new(Mappings { all: Vec::new(), longest: 0 });
/// How many there are: most programs have none, and need not look. Whoever has the address of a mapping got it
/// after this was counted.
static LIVE: AtomicUsize = AtomicUsize::new(0);

impl Mappings {
    /// False when there is no memory for one more.
    fn add(&mut self, mapping: Mapping) -> bool {
        if self.all.try_reserve(1).is_err() {
            return false;
        }
        self.longest = self.longest.max(mapping.pages);
        let at = self.all.partition_point(|other| other.start <= mapping.start);
        self.all.insert(at, mapping);
        LIVE.fetch_add(1, Relaxed);
        true
    }

    /// The mapping that begins at an address, of so many pages if that is known; of several best one with, or
    /// without, a list.
    fn position(&self, start: usize, pages: Option<usize>, with_list: bool) -> Option<usize> {
        let first = self.all.partition_point(|mapping| mapping.start < start);
        let fits = |at: &usize| pages.is_none_or(|pages| self.all[*at].pages == pages);
        let all = || (first..self.all.len()).take_while(|at| self.all[*at].start == start).filter(fits);
        all().find(|at| (self.all[*at].list != 0) == with_list).or_else(|| all().next())
    }

    fn take(&mut self, at: usize) -> Mapping {
        LIVE.fetch_sub(1, Relaxed);
        self.all.remove(at)
    }

    fn find(&self, address: usize) -> Option<&Mapping> {
        let end = self.all.partition_point(|mapping| mapping.start <= address);
        let near = |mapping: &&Mapping| mapping.start + self.longest * PAGE_SIZE > address;
        self.all[..end].iter().rev().take_while(near).find(|mapping| mapping.holds(address))
    }
}

/// Runs `work` on the list.
fn change<T>(work: impl FnOnce(&mut Mappings) -> T) -> T {
    let _inside = inside::enter(true);
    work(&mut MAPPINGS.write())
}

/// The page behind an address inside a mapping; None for any other.
pub fn page_at(address: usize) -> Option<u32> {
    if LIVE.load(Relaxed) == 0 {
        return None;
    }
    let look = |mappings: &Mappings| mappings.find(address).and_then(|mapping| mapping.page((address - mapping.start) / PAGE_SIZE));
    if inside::interrupted() {
        return MAPPINGS.try_read().and_then(|mappings| look(&mappings));
    }
    let _inside = inside::enter(true);
    look(&MAPPINGS.read())
}

/// Gives pages one address; None when that can't be. `list`: see `Mapping`.
pub fn map(pages: &[*mut Page], writable: bool, list: usize) -> Option<usize> {
    let mut numbers = numbers_of(pages)?;
    let neighbours = numbers.windows(2).all(|two| two[0] + 1 == two[1]);
    let start = if neighbours && writable {
        map::address(numbers[0]).addr()
    } else {
        vmap::map(&numbers, writable).inspect_err(|error| tell(*error)).ok()?
    };
    if neighbours && writable {
        numbers = Vec::new();
    }
    let own = !numbers.is_empty();
    let added = change(|mappings| mappings.add(Mapping { start, pages: pages.len(), numbers, list }));
    if !added && own {
        vmap::unmap(start, pages.len());
    }
    added.then_some(start)
}

fn tell(error: Error) {
    static WARNED: AtomicU32 = AtomicU32::new(0);
    if error == Error::NotSupported {
        report::warn_limited(&WARNED, 1, format_args!(
            "only shared memory can be mapped a second time: set MEMPOOL_BULK_MEMFD=1 in the environment, or the flag in mempool_bulk_configure()"
        ));
    }
}

/// The numbers of held pages of ours; None, and a report, when one is not, and for no pages at all.
fn numbers_of(pages: &[*mut Page]) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    if pages.is_empty() || numbers.try_reserve_exact(pages.len()).is_err() {
        report::warn(format_args!("{} pages can't be mapped", pages.len()));
        return None;
    }
    for page in pages {
        match map::page_index(*page) {
            Some(idx) if state::check_held(&ARENA, idx) => numbers.push(idx),
            Some(_) => return None,
            None => {
                report::bug(format_args!("{page:p} is not a page of this library, and can't be mapped"));
                return None;
            }
        }
    }
    Some(numbers)
}

/// Ends the mapping that begins at an address; a WARN when there is none, of so many pages if that is known.
pub fn unmap(start: usize, pages: Option<usize>) {
    let taken = change(|mappings| mappings.position(start, pages, false).map(|at| mappings.take(at)));
    match taken {
        Some(mapping) => mapping.unmap(),
        None => report::warn(format_args!("{start:#x} is not the start of such a mapping: never mapped, or unmapped already")),
    }
}

/// Ends a mapping and, if it has a list, puts its pages; the list, which is the caller's then. None for an
/// address that is none, which may be somebody else's memory, but not that of pages.
pub fn free(start: usize) -> Option<usize> {
    let found = || change(|mappings| mappings.position(start, None, true).map(|at| mappings.all[at].list));
    if child::is_one() && found().is_some_and(|list| list != 0) && child::is_refused() {
        return Some(0);
    }
    let Some(mapping) = change(|mappings| mappings.position(start, None, true).map(|at| mappings.take(at))) else {
        let foreign = map::index_of_address(core::ptr::without_provenance(start)).is_none();
        if !foreign {
            report::bug(format_args!("{start:#x} is no mapping: never mapped, or unmapped already"));
        }
        return (!foreign).then_some(0);
    };
    // The pages first: with the address goes the mapping's knowledge of them.
    let pages = if mapping.list != 0 { mapping.pages } else { 0 };
    (0..pages).filter_map(|at| mapping.page(at)).for_each(|idx| {
        put(map::page_ptr(idx));
    });
    mapping.unmap();
    Some(mapping.list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: usize, pages: usize, list: usize) -> Mapping {
        Mapping { start: start * PAGE_SIZE, pages, numbers: Vec::new(), list }
    }

    #[test]
    fn mappings_that_overlap_are_found() {
        let mut mappings = Mappings { all: Vec::new(), longest: 0 };
        for one in [mapping(10, 30, 0), mapping(20, 2, 0), mapping(20, 5, 7), mapping(35, 1, 0)] {
            assert!(mappings.add(one));
        }
        let found = |mappings: &Mappings, page: usize| mappings.find(page * PAGE_SIZE + 5).map(|mapping| mapping.start / PAGE_SIZE);
        for (page, start) in [(9, None), (10, Some(10)), (19, Some(10)), (21, Some(20)), (24, Some(20)), (25, Some(10)), (35, Some(35)), (39, Some(10)), (40, None)] {
            assert_eq!(found(&mappings, page), start, "{page}");
        }
        let take = |mappings: &mut Mappings, start: usize, pages, with_list| {
            mappings.position(start * PAGE_SIZE, pages, with_list).map(|at| mappings.take(at)).map(|mapping| (mapping.pages, mapping.list))
        };
        assert!(take(&mut mappings, 20, Some(3), false).is_none() && take(&mut mappings, 21, None, false).is_none());
        assert_eq!(take(&mut mappings, 20, Some(2), true), Some((2, 0)));
        assert_eq!(take(&mut mappings, 20, None, false), Some((5, 7)));
        assert!(take(&mut mappings, 20, None, true).is_none());
        assert_eq!(found(&mappings, 21), Some(10));
    }
}
