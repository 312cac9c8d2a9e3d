//! Pages side by side at one address, and the list of such mappings. Pages whose addresses follow each other
//! have that address already; others are mapped from the memfd. A mapping holds no reference: as in the kernel,
//! who maps pages keeps them until he has unmapped them, so nothing that is mapped is ever free, or trimmed.
//!
//! The list is sorted by address. Mappings of their own never overlap; those that are the pages' own address
//! may, and one address may be there several times. No system call and no user's code runs with the list's lock
//! held; a signal handler does not wait for it.
//!
//! | word | meaning |
//! |---|---|
//! | LIVE | entries that mean something; changed with the lock held |
//! | LONGEST | no mapping has more pages; changed with the lock held |
//! | an entry's start, pages | where the mapping begins, how long it is |
//! | an entry's list | 0, or the user's array: then `free` puts the pages and gives it back |

use super::{child, put, state};
use crate::arena::map::{self, ARENA, PAGE_SIZE, Page};
use crate::arena::vmap::{self, Entry};
use crate::error::Error;
use crate::observe::report;
use crate::sync::{Guard, Lock, inside};
use core::ptr::without_provenance;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};

static LOCK: Lock = Lock::new();
static LIVE: AtomicUsize = AtomicUsize::new(0);
static LONGEST: AtomicUsize = AtomicUsize::new(0);

/// A mapping, apart from the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    pages: usize,
    list: usize,
}

impl Mapping {
    fn of(entry: &Entry) -> Mapping {
        Mapping { start: entry.start.load(Relaxed), pages: entry.pages.load(Relaxed), list: entry.list.load(Relaxed) }
    }

    fn write(self, entry: &Entry) {
        entry.start.store(self.start, Relaxed);
        entry.pages.store(self.pages, Relaxed);
        entry.list.store(self.list, Relaxed);
    }

    fn holds(&self, address: usize) -> bool {
        (self.start..self.start + self.pages * PAGE_SIZE).contains(&address)
    }

    /// The page number `at` of this mapping, which lives.
    fn page(&self, at: usize) -> Option<u32> {
        match map::index_of_address(without_provenance(self.start)) {
            Some(first) => Some(first + at as u32),
            None => vmap::numbers(self.start, self.pages).get(at).map(|number| number.load(Relaxed)),
        }
    }

    fn unmap(&self) {
        if map::index_of_address(without_provenance(self.start)).is_none() {
            vmap::unmap(self.start, self.pages);
        }
    }
}

/// The list, with its lock held.
struct Open {
    entries: &'static [Entry],
    _guard: Guard<'static>,
}

/// None when there is no room for a list, or a signal handler finds it busy.
fn open() -> Option<Open> {
    let guard = LOCK.lock_if(!inside::interrupted())?;
    Some(Open { entries: vmap::entries()?, _guard: guard })
}

impl Open {
    fn live(&self) -> &[Entry] {
        &self.entries[..LIVE.load(Relaxed)]
    }

    /// False when there is no room for one more.
    fn add(&self, mapping: Mapping) -> bool {
        let n = self.live().len();
        if n == self.entries.len() {
            return false;
        }
        let at = self.live().partition_point(|entry| entry.start.load(Relaxed) <= mapping.start);
        (at..n).rev().for_each(|i| Mapping::of(&self.entries[i]).write(&self.entries[i + 1]));
        mapping.write(&self.entries[at]);
        LONGEST.fetch_max(mapping.pages, Relaxed);
        LIVE.store(n + 1, Relaxed);
        true
    }

    /// Where the mapping stands that begins at an address and has so many pages, if that is known; of several
    /// best one with a list, or without.
    fn position(&self, start: usize, pages: Option<usize>, with_list: bool) -> Option<usize> {
        let first = self.live().partition_point(|entry| entry.start.load(Relaxed) < start);
        let begins = self.live()[first..].iter().map(Mapping::of).take_while(|mapping| mapping.start == start);
        let mut fits = begins.enumerate().filter(|(_, mapping)| pages.is_none_or(|pages| mapping.pages == pages));
        let (any, best) = (fits.clone().next(), fits.find(|(_, mapping)| (mapping.list != 0) == with_list));
        best.or(any).map(|(at, _)| first + at)
    }

    fn take(&self, at: usize) -> Mapping {
        let taken = Mapping::of(&self.entries[at]);
        let n = self.live().len();
        (at + 1..n).for_each(|i| Mapping::of(&self.entries[i]).write(&self.entries[i - 1]));
        LIVE.store(n - 1, Relaxed);
        taken
    }

    fn find(&self, address: usize) -> Option<Mapping> {
        let end = self.live().partition_point(|entry| entry.start.load(Relaxed) <= address);
        let near = |mapping: &Mapping| mapping.start + LONGEST.load(Relaxed) * PAGE_SIZE > address;
        self.live()[..end].iter().rev().map(Mapping::of).take_while(near).find(|mapping| mapping.holds(address))
    }
}

/// The page behind an address inside a mapping; None for any other.
pub fn page_at(address: usize) -> Option<u32> {
    // Most programs have no mapping, and need not look. Whoever has the address of one got it after this was
    // counted.
    if LIVE.load(Relaxed) == 0 {
        return None;
    }
    let open = open()?;
    open.find(address).and_then(|mapping| mapping.page((address - mapping.start) / PAGE_SIZE))
}

/// Gives pages one address; None when that can't be. `list`: see above.
pub fn map(pages: &[*mut Page], writable: bool, list: usize) -> Option<usize> {
    if !are_held(pages) {
        return None;
    }
    let numbers = || pages.iter().filter_map(|page| map::page_index(*page));
    let neighbours = numbers().zip(numbers().skip(1)).all(|(one, next)| one + 1 == next);
    let start = match numbers().next() {
        Some(first) if neighbours && writable => map::address(first).expose_provenance(),
        _ => vmap::map(pages.len(), numbers(), writable).inspect_err(|error| tell(*error)).ok()?,
    };
    let mapping = Mapping { start, pages: pages.len(), list };
    let added = open().is_some_and(|open| open.add(mapping));
    if !added {
        mapping.unmap();
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

/// Are these some pages of ours, all held? A report if not.
fn are_held(pages: &[*mut Page]) -> bool {
    if pages.is_empty() {
        report::warn(format_args!("no pages to be mapped"));
    }
    let held = |page: &*mut Page| match map::page_index(*page) {
        Some(idx) => state::check_held(&ARENA, idx),
        None => {
            report::bug(format_args!("{page:p} is not a page of this library, and can't be mapped"));
            false
        }
    };
    !pages.is_empty() && pages.iter().all(held)
}

/// Ends the mapping that begins at an address; a WARN when there is none, of so many pages if that is known.
pub fn unmap(start: usize, pages: Option<usize>) {
    let taken = open().and_then(|open| open.position(start, pages, false).map(|at| open.take(at)));
    match taken {
        Some(mapping) => mapping.unmap(),
        None => report::warn(format_args!("{start:#x} is not the start of such a mapping: never mapped, or unmapped already")),
    }
}

/// Ends a mapping and, if it has a list, puts its pages; the list, which is the caller's then. None for an
/// address that is none, which may be somebody else's memory, but not that of pages.
pub fn free(start: usize) -> Option<usize> {
    if LIVE.load(Relaxed) == 0 && map::index_of_address(without_provenance(start)).is_none() {
        return None;
    }
    let find = |open: &Open| open.position(start, None, true);
    let owns = || open().is_some_and(|open| find(&open).is_some_and(|at| Mapping::of(&open.entries[at]).list != 0));
    if child::is_one() && owns() && child::is_refused() {
        return Some(0);
    }
    let Some(mapping) = open().and_then(|open| find(&open).map(|at| open.take(at))) else {
        let pages = map::index_of_address(without_provenance(start)).is_some();
        if pages {
            report::bug(format_args!("{start:#x} is no mapping: never mapped, or unmapped already"));
        }
        return pages.then_some(0);
    };
    // The pages first: with the address goes what says which they are.
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
        Mapping { start: start * PAGE_SIZE, pages, list }
    }

    #[test]
    fn mappings_that_overlap_are_found() {
        let list = open().expect("room");
        for one in [mapping(10, 30, 0), mapping(20, 2, 0), mapping(20, 5, 7), mapping(35, 1, 0)] {
            assert!(list.add(one));
        }
        let found = |page: usize| list.find(page * PAGE_SIZE + 5).map(|mapping| mapping.start / PAGE_SIZE);
        let expected = [(9, 0), (10, 10), (19, 10), (21, 20), (24, 20), (25, 10), (35, 35), (39, 10), (40, 0)];
        expected.iter().for_each(|(page, start)| assert_eq!(found(*page).unwrap_or(0), *start, "{page}"));
        let take = |start: usize, pages, with_list| list.position(start * PAGE_SIZE, pages, with_list).map(|at| list.take(at));
        assert!(take(20, Some(3), false).is_none() && take(21, None, false).is_none());
        assert_eq!(take(20, Some(2), true), Some(mapping(20, 2, 0)));
        assert_eq!(take(20, None, false), Some(mapping(20, 5, 7)));
        assert!(take(20, None, true).is_none());
        assert_eq!(found(21), Some(10));
        assert!(take(10, None, false).is_some() && take(35, None, false).is_some() && list.live().is_empty());
    }
}
