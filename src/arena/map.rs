//! Where a page's bytes, its `struct page` and its bookkeeping lie: every index ↔ address conversion of
//! the library. Never knows whether a page is free, and never asks the system for anything.
//!
//! ```text
//! base ───► [ page 0 | page 1 | … | committed ┆ reserved, PROT_NONE … max_pages ]   4096 bytes a page
//! mem_map ► [ struct page 0 | 1 | … | committed ┆ reserved … ]                        64 bytes a page
//! states ─► [ state of page 0 | 1 | … ]                                                 1 byte a page
//! words ──► [ word of pages 0…63 | 64…127 | … ]                                24 bytes a word of 64
//! ```
//!
//! | word of `Arena` | meaning |
//! |---|---|
//! | max_pages 0 | nothing is reserved; then committed is 0 and no conversion succeeds |
//! | max_pages n | the addresses are set and never change again |
//! | committed | pages below it have a `struct page`, and memory unless their chunk was given back since (`pages::holes`); grows only, under the depot lock |

use core::ffi::c_void;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

pub const PAGE_SIZE: usize = 4096;
/// Pages of a word: what one mask of 64 bits describes.
pub const WORD_PAGES: usize = 64;

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

/// The depot's bookkeeping of 64 neighbouring pages; see `pages::depot`.
#[repr(C)]
pub struct Word {
    pub free: AtomicU64,
    pub next: AtomicU32,
    pub prev: AtomicU32,
    pub listed: AtomicU32,
}

#[repr(align(64))]
pub struct Arena {
    pub(super) base: AtomicUsize,
    pub(super) mem_map: AtomicUsize,
    pub(super) states: AtomicUsize,
    pub(super) words: AtomicUsize,
    pub(super) max_pages: AtomicU32,
    /// Release where it grows pairs with Acquire in the conversions, so that whoever sees an index as
    /// committed also sees its `struct page`.
    pub(super) committed: AtomicU32,
}

/// The arena, reserved or not: before it is, no index and no pointer is valid.
pub static ARENA: Arena = Arena {
    base: AtomicUsize::new(0),
    mem_map: AtomicUsize::new(0),
    states: AtomicUsize::new(0),
    words: AtomicUsize::new(0),
    max_pages: AtomicU32::new(0),
    committed: AtomicU32::new(0),
};

/// The arena if it was reserved already: looking at counters must not set anything up.
pub fn existing() -> Option<&'static Arena> {
    (ARENA.max_pages.load(Acquire) != 0).then_some(&ARENA)
}

impl Arena {
    pub fn max_pages(&self) -> u32 {
        self.max_pages.load(Relaxed)
    }

    pub fn committed(&self) -> u32 {
        self.committed.load(Acquire)
    }

    /// The state byte of a page.
    #[inline(always)]
    pub fn state(&self, idx: u32) -> &'static AtomicU8 {
        assert!(idx < self.max_pages());
        // SAFETY: `states` has a byte for every page below max_pages, mapped for ever.
        unsafe { &*with_exposed_provenance_mut::<AtomicU8>(self.states.load(Relaxed) + idx as usize) }
    }

    /// The depot's record of word `w`.
    pub fn word(&self, w: u32) -> &'static Word {
        assert!((w as usize) < (self.max_pages() as usize).div_ceil(WORD_PAGES));
        // SAFETY: `words` has a record for every word below that, zeroed, mapped for ever, all atomics.
        unsafe { &*with_exposed_provenance_mut::<Word>(self.words.load(Relaxed) + w as usize * size_of::<Word>()) }
    }
}

#[inline(always)]
fn page_at(idx: u32) -> usize {
    ARENA.mem_map.load(Relaxed) + idx as usize * size_of::<Page>()
}

/// The `struct page` of a committed page.
pub fn page(idx: u32) -> &'static Page {
    assert!(idx < ARENA.committed());
    // SAFETY: the index is committed.
    unsafe { page_unchecked(idx) }
}

/// # Safety
/// The `struct page` of `idx` has memory. It stays mapped for ever; all its fields are atomics, and any
/// value is valid for each.
pub(super) unsafe fn page_unchecked(idx: u32) -> &'static Page {
    // SAFETY: the caller's.
    unsafe { &*with_exposed_provenance_mut(page_at(idx)) }
}

#[inline(always)]
pub fn page_ptr(idx: u32) -> *mut Page {
    with_exposed_provenance_mut(page_at(idx))
}

/// The index of a `struct page` pointer: None unless it points exactly at one of ours.
#[inline(always)]
pub fn page_index(page: *const Page) -> Option<u32> {
    ARENA.view().index(page)
}

/// Does this address point into the array of `struct page`s, exactly at one or not?
pub fn in_mem_map(p: *const c_void) -> bool {
    let at = p.addr().wrapping_sub(ARENA.mem_map.load(Relaxed)) / size_of::<Page>();
    at < ARENA.committed() as usize
}

/// The first byte of a page.
pub fn address(idx: u32) -> *mut u8 {
    with_exposed_provenance_mut(ARENA.base.load(Relaxed) + idx as usize * PAGE_SIZE)
}

/// The page that holds an address: any address inside a committed page.
pub fn index_of_address(p: *const c_void) -> Option<u32> {
    let at = p.addr().wrapping_sub(ARENA.base.load(Relaxed)) / PAGE_SIZE;
    (at < ARENA.committed() as usize).then_some(at as u32)
}

/// Fills pages that are ours to hand out with zeros.
pub fn zero(idx: u32, pages: u32) {
    assert!(u64::from(idx) + u64::from(pages) <= u64::from(ARENA.committed()));
    // SAFETY: the range is committed, and its pages were just taken from the free set, so nobody
    // else may write them.
    unsafe { address(idx).write_bytes(0, pages as usize * PAGE_SIZE) };
}
