//! The arena at one moment, held in registers: for loops over many pages, which would otherwise load the
//! same addresses again for each. Single pages, aligned eights (their states are one 64-bit word) and
//! words of 64 are looked at and set together. Never knows what a state means.

use super::map::{ARENA, Arena, Page, WORD_PAGES};
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering::*};

/// Pages whose states are looked at together.
pub const EIGHT: usize = 8;

#[derive(Clone, Copy)]
pub struct View {
    mem_map: usize,
    states: usize,
    committed: u32,
}

/// The state bytes of eight neighbouring pages. They are also used one at a time. Eight at a time happens
/// only while the caller owns all eight pages, or believes to: so only somebody who frees what he does
/// not hold ever looks at one of them meanwhile. Assembly, because the language has no name for a load
/// or store of eight bytes, of any alignment, each of which is seen before or after.
#[derive(Clone, Copy)]
pub struct Eight(usize);

/// The state bytes of a word.
pub struct Line(&'static [AtomicU64; WORD_PAGES / EIGHT]);

fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; EIGHT])
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

    /// The index of a `struct page` pointer: None unless it points exactly at one of ours.
    #[inline(always)]
    pub fn index(self, page: *const Page) -> Option<u32> {
        // Rotating moves the bits of a misaligned pointer to the top, beyond every index; a pointer below
        // the array wraps and is beyond it too.
        let at = page.addr().wrapping_sub(self.mem_map).rotate_right(size_of::<Page>().ilog2());
        (at < self.committed as usize).then_some(at as u32)
    }

    /// The state of a page, for a number that may be anything.
    #[inline(always)]
    pub fn state(self, idx: u32) -> Option<&'static AtomicU8> {
        // SAFETY: `states` has a byte for every page of the arena, mapped for ever.
        (idx < self.committed).then(|| unsafe { &*with_exposed_provenance_mut(self.states + idx as usize) })
    }

    /// The states of eight pages; None unless all are committed, and where they can't be had together.
    #[inline(always)]
    pub fn eight(self, idx: u32) -> Option<Eight> {
        let whole = cfg!(target_arch = "x86_64") && idx < self.committed && self.committed - idx >= EIGHT as u32;
        whole.then_some(Eight(self.states + idx as usize))
    }

    /// The states of word `w`; None unless all its pages are committed.
    #[inline(always)]
    pub fn line(self, w: u32) -> Option<Line> {
        // SAFETY: as in `eight`.
        (w < self.committed / WORD_PAGES as u32)
            .then(|| Line(unsafe { &*with_exposed_provenance_mut(self.states + w as usize * WORD_PAGES) }))
    }

    /// Where the first `struct page` lies.
    #[inline(always)]
    pub fn mem_map(self) -> usize {
        self.mem_map
    }

    /// Could this be the first page of a word? Looks at the address only.
    #[inline(always)]
    pub fn begins_word(self, page: *const Page) -> bool {
        page.addr().wrapping_sub(self.mem_map) % (WORD_PAGES * size_of::<Page>()) == 0
    }

    /// Fills `out` with pointers to neighbouring pages.
    #[inline(always)]
    pub fn write_run(self, out: &mut [*mut Page], first: u32) {
        let start = self.mem_map + first as usize * size_of::<Page>();
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = with_exposed_provenance_mut(start + i * size_of::<Page>());
        }
    }

    /// Do these pages follow each other, from the first one on?
    #[inline(always)]
    pub fn is_run<const N: usize>(self, pages: &[*mut Page; N]) -> bool {
        let start = pages[0].addr();
        let expected = |i: usize| start.wrapping_add(i * size_of::<Page>());
        // The last one first: one look tells most other arrays off.
        pages[N - 1].addr() == expected(N - 1)
            && (0..N).fold(0, |differ, i| differ | (pages[i].addr() ^ expected(i))) == 0
    }
}

/// State bytes that are looked at and set together.
pub trait States {
    /// Is every byte, with the bits outside `mask` ignored, equal to `value`?
    fn all(&self, mask: u8, value: u8) -> bool;
    fn fill(&self, value: u8);
}

#[cfg(target_arch = "x86_64")]
impl States for Eight {
    #[inline(always)]
    fn all(&self, mask: u8, value: u8) -> bool {
        let states: u64;
        // SAFETY: `View::eight` vouches for eight mapped bytes.
        unsafe { core::arch::asm!("mov {}, qword ptr [{}]", out(reg) states, in(reg) self.0, options(nostack, readonly, preserves_flags)) };
        states & repeat(mask) == repeat(value)
    }

    #[inline(always)]
    fn fill(&self, value: u8) {
        // SAFETY: as in `all`; the bytes are those of atomics.
        unsafe { core::arch::asm!("mov qword ptr [{}], {}", in(reg) self.0, in(reg) repeat(value), options(nostack, preserves_flags)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl States for Eight {
    fn all(&self, _mask: u8, _value: u8) -> bool {
        false
    }

    fn fill(&self, _value: u8) {}
}

impl States for Line {
    #[inline(always)]
    fn all(&self, mask: u8, value: u8) -> bool {
        self.0.iter().fold(0, |differ, eight| differ | (eight.load(Relaxed) & repeat(mask) ^ repeat(value))) == 0
    }

    #[inline(always)]
    fn fill(&self, value: u8) {
        self.0.iter().for_each(|eight| eight.store(repeat(value), Relaxed));
    }
}

/// Do these numbers follow each other, from the first one on?
#[inline(always)]
pub fn consecutive<const N: usize>(numbers: &[u32; N]) -> bool {
    let expected = |i: usize| numbers[0].wrapping_add(i as u32);
    numbers[N - 1] == expected(N - 1) && (0..N).fold(0, |differ, i| differ | (numbers[i] ^ expected(i))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_eights() {
        static EIGHTS: [AtomicU64; 8] = [const { AtomicU64::new(0x0203_0202_0303_0202) }; 8];
        let line = Line(&EIGHTS);
        assert!(line.all(0xfe, 2) && !line.all(0xff, 2));
        EIGHTS[5].store(0x0203_0202_0403_0202, Relaxed);
        let eight = |i: usize| Eight(EIGHTS[i].as_ptr().addr());
        assert!(!line.all(0xfe, 2) && !eight(5).all(0xfe, 2));
        #[cfg(target_arch = "x86_64")]
        assert!(eight(4).all(0xfe, 2));
        line.fill(4);
        assert!(line.all(0xff, 4));
    }

    #[test]
    fn runs() {
        assert!(consecutive(&[7, 8, 9, 10]) && !consecutive(&[7, 8, 10, 9]) && consecutive(&[u32::MAX, 0]));
        let page = |i: usize| with_exposed_provenance_mut::<Page>(i * size_of::<Page>());
        let view = View { mem_map: 0, states: 0, committed: 0 };
        assert!(view.is_run(&[page(3), page(4), page(5)]) && !view.is_run(&[page(3), page(5), page(5)]));
        assert!(view.index(page(0)).is_none());
    }
}
