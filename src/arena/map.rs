//! The arena itself and `struct page`: where a page's bytes, its `struct page` and its bookkeeping
//! lie. Every index ↔ address conversion of the library is here. Never knows whether a page is free.
//!
//! ```text
//! base ──► [ page 0 | page 1 | … | committed ┆ reserved, PROT_NONE … max_pages ]
//! mem_map ► [ struct page 0 | 1 | … | committed ┆ reserved … ]
//! ```

use super::{cgroup, os, size};
use crate::config;
use crate::observe::report;
use core::ffi::c_void;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering::*};
use std::sync::OnceLock;

pub const PAGE_SIZE: usize = 4096;
/// Pages per commit: 2 MiB, one huge page.
pub const CHUNK_PAGES: u32 = 512;
/// Blocks of the highest order are aligned to their size in addresses too.
const ALIGN: usize = PAGE_SIZE << 10;

/// What C sees as `struct page`. Pristine (no flags, private 0, one reference) while its page is
/// free, so that handing a page out need not touch it.
#[repr(C, align(64))]
pub struct Page {
    pub flags: AtomicUsize,
    pub lru: [AtomicUsize; 2],
    pub mapping: AtomicUsize,
    pub index: AtomicUsize,
    pub private: AtomicUsize,
    pub mapcount: AtomicI32,
    pub refcount: AtomicI32,
    pub reserved: AtomicUsize,
}

/// Bookkeeping of each page, outside the page.
pub struct Columns {
    pub state: &'static [AtomicU8],
    pub order: &'static [AtomicU8],
    pub next: &'static [AtomicU32],
    pub prev: &'static [AtomicU32],
}

pub struct Arena {
    base: usize,
    mem_map: usize,
    pub max_pages: u32,
    /// Grows only, under the depot lock; Release there pairs with Acquire in the conversions, so
    /// that whoever sees an index as committed also sees its `struct page`.
    committed: AtomicU32,
    pub columns: Columns,
}

static ARENA: OnceLock<Option<Arena>> = OnceLock::new();

/// The arena, reserved at first use; None when not even address space can be had.
pub fn arena() -> Option<&'static Arena> {
    ARENA.get_or_init(Arena::reserve).as_ref()
}

/// The arena if it was reserved already: looking at counters must not set anything up.
pub fn existing() -> Option<&'static Arena> {
    ARENA.get().and_then(Option::as_ref)
}

impl Arena {
    /// Reserves for the limit, halving on refusal.
    fn reserve() -> Option<Arena> {
        let mut pages = size::limit_pages();
        while pages > 0 {
            if let Some(arena) = Self::try_reserve(pages as u32) {
                return Some(arena);
            }
            pages /= 2;
        }
        None
    }

    fn try_reserve(max_pages: u32) -> Option<Arena> {
        let n = max_pages as usize;
        let (bytes, map_bytes) = (n * PAGE_SIZE, (n * size_of::<Page>()).next_multiple_of(PAGE_SIZE));
        let base = os::reserve(bytes, ALIGN)?;
        let Some(mem_map) = os::reserve(map_bytes, PAGE_SIZE) else {
            os::release(base, bytes);
            return None;
        };
        let Some(columns) = Columns::map(n) else {
            os::release(base, bytes);
            os::release(mem_map, map_bytes);
            return None;
        };
        Some(Arena { base, mem_map, max_pages, committed: AtomicU32::new(0), columns })
    }

    pub fn committed(&self) -> u32 {
        self.committed.load(Acquire)
    }

    /// Commits the next `want` pages or fewer where the limit is near; the first index and how many.
    /// Callers hold the depot lock: growth has one author.
    pub fn grow(&self, want: u32) -> Option<(u32, u32)> {
        let first = self.committed.load(Relaxed);
        let n = want.min(self.max_pages - first);
        let bytes = n as usize * PAGE_SIZE;
        if n == 0 || !cgroup::has_headroom(bytes as u64) {
            return None;
        }
        let flags = config::get().flags;
        let start = self.base + first as usize * PAGE_SIZE;
        if !self.commit_structs(first, n) || !os::commit(start, bytes, flags & config::HUGEPAGES != 0) {
            return None;
        }
        if flags & config::MLOCK != 0 && !os::lock(start, bytes) {
            static WARNED: AtomicU32 = AtomicU32::new(0);
            report::warn_limited(&WARNED, 1, format_args!("RLIMIT_MEMLOCK does not allow locking {bytes} more bytes"));
            os::decommit(start, bytes);
            return None;
        }
        self.committed.store(first + n, Release);
        Some((first, n))
    }

    /// Makes the `struct page`s of a range resident and pristine.
    fn commit_structs(&self, first: u32, n: u32) -> bool {
        let size = size_of::<Page>();
        let start = (self.mem_map + first as usize * size) & !(PAGE_SIZE - 1);
        let end = (self.mem_map + (first + n) as usize * size).next_multiple_of(PAGE_SIZE);
        if !os::commit(start, end - start, false) {
            return false;
        }
        for idx in first..first + n {
            let page = page_at(self.mem_map, idx);
            page.refcount.store(1, Relaxed);
            page.mapcount.store(-1, Relaxed);
        }
        true
    }
}

impl Columns {
    fn map(n: usize) -> Option<Columns> {
        let words = n * size_of::<AtomicU32>();
        let bytes = 2 * words + 2 * n;
        let start = os::map_zeroed(bytes)?;
        // SAFETY: the mapping is `bytes` long, zeroed, page-aligned, never unmapped, used by nobody
        // else; zero is a valid value of every atomic; the words come first, so they are aligned.
        unsafe {
            Some(Columns {
                next: core::slice::from_raw_parts(with_exposed_provenance_mut(start), n),
                prev: core::slice::from_raw_parts(with_exposed_provenance_mut(start + words), n),
                state: core::slice::from_raw_parts(with_exposed_provenance_mut(start + 2 * words), n),
                order: core::slice::from_raw_parts(with_exposed_provenance_mut(start + 2 * words + n), n),
            })
        }
    }
}

fn page_at(mem_map: usize, idx: u32) -> &'static Page {
    // SAFETY: callers pass an index whose `struct page` is committed; it stays mapped for ever, all
    // its fields are atomics, and zero is valid for each.
    unsafe { &*with_exposed_provenance_mut::<Page>(mem_map + idx as usize * size_of::<Page>()) }
}

/// The `struct page` of a committed page.
pub fn page(idx: u32) -> &'static Page {
    let arena = existing().expect("an index exists, so the arena does");
    assert!(idx < arena.committed());
    page_at(arena.mem_map, idx)
}

pub fn page_ptr(idx: u32) -> *mut Page {
    let mem_map = existing().map_or(0, |a| a.mem_map);
    with_exposed_provenance_mut(mem_map + idx as usize * size_of::<Page>())
}

/// The index of a `struct page` pointer: None unless it points exactly at one of ours.
pub fn page_index(page: *const Page) -> Option<u32> {
    let arena = existing()?;
    let offset = page.addr().checked_sub(arena.mem_map)?;
    let idx = offset / size_of::<Page>();
    let exact = offset % size_of::<Page>() == 0;
    (exact && idx < arena.committed() as usize).then_some(idx as u32)
}

/// Does this address point into the array of `struct page`s, exactly at one or not?
pub fn in_mem_map(p: *const c_void) -> bool {
    existing().is_some_and(|a| {
        let size = a.committed() as usize * size_of::<Page>();
        (a.mem_map..a.mem_map + size).contains(&p.addr())
    })
}

/// The first byte of a page.
pub fn address(idx: u32) -> *mut u8 {
    let base = existing().map_or(0, |a| a.base);
    with_exposed_provenance_mut(base + idx as usize * PAGE_SIZE)
}

/// The page that holds an address: any address inside a committed page.
pub fn index_of_address(p: *const c_void) -> Option<u32> {
    let arena = existing()?;
    let idx = p.addr().checked_sub(arena.base)? / PAGE_SIZE;
    (idx < arena.committed() as usize).then_some(idx as u32)
}

/// Fills pages that are ours to hand out with zeros.
pub fn zero(idx: u32, pages: u32) {
    let arena = existing().expect("an index exists, so the arena does");
    assert!(idx as u64 + pages as u64 <= arena.committed() as u64);
    // SAFETY: the range is committed, and its pages were just taken from the free set, so nobody
    // else may write them.
    unsafe { address(idx).write_bytes(0, pages as usize * PAGE_SIZE) };
}

/// The committed ranges in address order; how many there are.
pub fn regions(out: &mut [(usize, usize)]) -> usize {
    let Some(arena) = existing() else { return 0 };
    let bytes = arena.committed() as usize * PAGE_SIZE;
    if bytes == 0 {
        return 0;
    }
    if let Some(first) = out.first_mut() {
        *first = (arena.base, bytes);
    }
    1
}
