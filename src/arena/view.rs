//! The arena at one moment, held in registers: for loops over many pages, which would otherwise load the
//! same addresses again for each. Never knows what a state means.

use super::map::{ARENA, Arena, Page, WORD_PAGES};
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU8, Ordering::*};

#[derive(Clone, Copy)]
pub struct View {
    mem_map: usize,
    states: usize,
    committed: u32,
}

impl Arena {
    #[inline(always)]
    pub fn view(&self) -> View {
        let committed = self.committed();
        View { mem_map: self.mem_map.load(Relaxed), states: self.states.load(Relaxed), committed }
    }
}

/// The arena as it is now.
#[inline(always)]
pub fn view() -> View {
    ARENA.view()
}

impl View {
    #[inline(always)]
    pub fn page_ptr(self, idx: u32) -> *mut Page {
        with_exposed_provenance_mut(self.mem_map + idx as usize * size_of::<Page>())
    }

    /// Where the first `struct page` lies.
    #[inline(always)]
    pub fn mem_map(self) -> usize {
        self.mem_map
    }

    /// Where the first state byte lies.
    #[inline(always)]
    pub(super) fn states_start(self) -> usize {
        self.states
    }

    /// Could this be the first page of a word? Looks at the address only.
    #[inline(always)]
    pub fn begins_word(self, page: *const Page) -> bool {
        page.addr().wrapping_sub(self.mem_map) % (WORD_PAGES * size_of::<Page>()) == 0
    }

    /// The index of a `struct page` pointer: None unless it points exactly at one of ours.
    #[inline(always)]
    pub fn index(self, page: *const Page) -> Option<u32> {
        // Rotating moves the bits of a misaligned pointer to the top, beyond every index; a pointer below
        // the array wraps and is beyond it too.
        let at = page.addr().wrapping_sub(self.mem_map).rotate_right(size_of::<Page>().ilog2());
        (at < self.committed as usize).then_some(at as u32)
    }

    /// The index and the state of a page, if the pointer is exactly that of one of ours.
    #[inline(always)]
    pub fn find(self, page: *const Page) -> Option<(u32, &'static AtomicU8)> {
        // SAFETY: as in `state`; an index is below `committed`.
        self.index(page).map(|idx| (idx, unsafe { &*with_exposed_provenance_mut(self.states + idx as usize) }))
    }

    /// The state of a page, for a number that may be anything.
    #[inline(always)]
    pub fn state(self, idx: u32) -> Option<&'static AtomicU8> {
        // SAFETY: `states` has a byte for every page of the arena, mapped for ever.
        (idx < self.committed).then(|| unsafe { &*with_exposed_provenance_mut(self.states + idx as usize) })
    }

    /// Are these pages committed?
    #[inline(always)]
    pub(super) fn committed_run(self, first: u32, len: usize) -> bool {
        first as usize + len <= self.committed as usize
    }
}
