//! Neighbouring pages together: are these pointers a run; the state bytes of a run, looked at and set eight
//! at a time. Never knows what a state means.
//!
//! Pointers are loaded two at a time, as restartable sections store them: a load that spans two recent
//! stores must wait until both are in the cache.

use super::map::{Page, WORD_PAGES};
use super::view::View;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU8, Ordering::*};

/// The state bytes of neighbouring pages. They are also used one at a time. Together they are used only
/// while the caller owns all the pages, or believes to: so only somebody who frees what he does not
/// hold ever looks at one of them meanwhile, and he sees it before or after.
#[derive(Clone, Copy)]
pub struct States {
    start: usize,
    len: usize,
}

const EIGHT: usize = 8;

fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; EIGHT])
}

impl View {
    /// The states of `len` pages from `first` on; None unless all are committed.
    #[inline(always)]
    pub fn states(self, first: u32, len: usize) -> Option<States> {
        self.committed_run(first, len).then_some(States { start: self.states_start() + first as usize, len })
    }

    /// The states of word `w`.
    #[inline(always)]
    pub fn word_states(self, w: u32) -> Option<States> {
        self.states(w * WORD_PAGES as u32, WORD_PAGES)
    }
}

impl States {
    /// Is every byte, with the bits outside `mask` ignored, equal to `value`?
    #[inline(always)]
    pub fn all(self, mask: u8, value: u8) -> bool {
        if self.len == WORD_PAGES {
            return self.word_all(mask, value);
        }
        let whole = self.len / EIGHT * EIGHT;
        let eights = (0..whole).step_by(EIGHT).fold(0, |differ, at| differ | (self.load_eight(at) & repeat(mask) ^ repeat(value)));
        let rest = (whole..self.len).fold(0, |differ, at| differ | (self.byte(at).load(Relaxed) & mask ^ value));
        eights == 0 && rest == 0
    }

    #[inline(always)]
    pub fn fill(self, value: u8) {
        if self.len == WORD_PAGES {
            return self.fill_word(value);
        }
        let whole = self.len / EIGHT * EIGHT;
        (0..whole).step_by(EIGHT).for_each(|at| self.store_eight(at, repeat(value)));
        (whole..self.len).for_each(|at| self.byte(at).store(value, Relaxed));
    }

    #[inline(always)]
    fn byte(self, at: usize) -> &'static AtomicU8 {
        debug_assert!(at < self.len);
        // SAFETY: `View::states` vouches for `len` bytes, mapped for ever, all atomics; `at` is below it.
        unsafe { &*with_exposed_provenance_mut(self.start + at) }
    }

    /// Assembly, because the language has no name for a load of eight bytes at any address each of which
    /// may be stored to meanwhile.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn load_eight(self, at: usize) -> u64 {
        let eight: u64;
        // SAFETY: as in `byte`, for the eight from `at` on.
        unsafe { core::arch::asm!("mov {}, qword ptr [{} + {}]", out(reg) eight, in(reg) self.start, in(reg) at, options(nostack, readonly, preserves_flags)) };
        eight
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn store_eight(self, at: usize, eight: u64) {
        // SAFETY: as in `byte`, for the eight from `at` on.
        unsafe { core::arch::asm!("mov qword ptr [{} + {}], {}", in(reg) self.start, in(reg) at, in(reg) eight, options(nostack, preserves_flags)) };
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn load_eight(self, at: usize) -> u64 {
        u64::from_ne_bytes(core::array::from_fn(|i| self.byte(at + i).load(Relaxed)))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn store_eight(self, at: usize, eight: u64) {
        eight.to_ne_bytes().into_iter().enumerate().for_each(|(i, byte)| self.byte(at + i).store(byte, Relaxed));
    }
}

/// Are these pointers to neighbouring pages, in order?
#[inline(always)]
pub fn are_pages(pages: &[*mut Page]) -> bool {
    let [first, .., last] = pages else { return false };
    let expected = |i: usize| first.addr().wrapping_add(i * size_of::<Page>());
    let whole = pages.len() / 2 * 2;
    // The last one first: one look tells most other arrays off.
    last.addr() == expected(pages.len() - 1) && pairs(&pages[..whole], first.addr())
}

#[cfg(target_arch = "x86_64")]
use x86_64::pairs;

#[cfg(not(target_arch = "x86_64"))]
impl States {
    fn word_all(self, mask: u8, value: u8) -> bool {
        (0..WORD_PAGES).step_by(EIGHT).all(|at| self.load_eight(at) & repeat(mask) == repeat(value))
    }

    fn fill_word(self, value: u8) {
        (0..WORD_PAGES).step_by(EIGHT).for_each(|at| self.store_eight(at, repeat(value)));
    }
}

/// Every x86-64 has the instructions used here.
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::*;
    use core::arch::x86_64::*;

    /// A whole word, sixteen at a time: its states are a line of the cache.
    impl States {
        #[inline(always)]
        pub(super) fn word_all(self, mask: u8, value: u8) -> bool {
            let (a, b, c, d): (__m128i, __m128i, __m128i, __m128i);
            // SAFETY: as in `byte`, for all 64; assembly as for `load_eight`.
            unsafe {
                core::arch::asm!(
                    "movups {a}, [{start}]", "movups {b}, [{start} + 16]", "movups {c}, [{start} + 32]", "movups {d}, [{start} + 48]",
                    start = in(reg) self.start, a = out(xmm_reg) a, b = out(xmm_reg) b, c = out(xmm_reg) c, d = out(xmm_reg) d,
                    options(nostack, readonly, preserves_flags)
                );
                let (mask, value) = (_mm_set1_epi8(mask as i8), _mm_set1_epi8(value as i8));
                let same = |sixteen| _mm_cmpeq_epi8(_mm_and_si128(sixteen, mask), value);
                let all = _mm_and_si128(_mm_and_si128(same(a), same(b)), _mm_and_si128(same(c), same(d)));
                _mm_movemask_epi8(all) == 0xffff
            }
        }

        #[inline(always)]
        pub(super) fn fill_word(self, value: u8) {
            // SAFETY: as in `word_all`.
            unsafe {
                core::arch::asm!(
                    "movups [{start}], {v}", "movups [{start} + 16], {v}", "movups [{start} + 32], {v}", "movups [{start} + 48], {v}",
                    start = in(reg) self.start, v = in(xmm_reg) _mm_set1_epi8(value as i8), options(nostack, preserves_flags)
                );
            }
        }
    }

    #[inline(always)]
    pub fn pairs(pages: &[*mut Page], first: usize) -> bool {
        let size = size_of::<Page>() as i64;
        // SAFETY: each load is of two pointers of the slice.
        unsafe {
            let mut expected = _mm_set_epi64x(first as i64 + size, first as i64);
            let mut differ = _mm_setzero_si128();
            let eights = pages.chunks_exact(EIGHT);
            let rest = eights.remainder();
            for eight in eights {
                for i in (0..EIGHT).step_by(2) {
                    let ahead = _mm_add_epi64(expected, _mm_set1_epi64x(i as i64 * size));
                    differ = _mm_or_si128(differ, _mm_xor_si128(_mm_loadu_si128(eight.as_ptr().add(i).cast()), ahead));
                }
                expected = _mm_add_epi64(expected, _mm_set1_epi64x(EIGHT as i64 * size));
            }
            for pair in rest.chunks_exact(2) {
                differ = _mm_or_si128(differ, _mm_xor_si128(_mm_loadu_si128(pair.as_ptr().cast()), expected));
                expected = _mm_add_epi64(expected, _mm_set1_epi64x(2 * size));
            }
            _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) == 0xffff
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn pairs(pages: &[*mut Page], first: usize) -> bool {
    pages.iter().enumerate().all(|(i, page)| page.addr() == first.wrapping_add(i * size_of::<Page>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut;

    #[test]
    fn states() {
        static BYTES: [AtomicU8; 80] = [const { AtomicU8::new(2) }; 80];
        for (from, len) in [(0, 64), (3, 8), (5, 17), (1, 2), (7, 7)] {
            BYTES.iter().for_each(|byte| byte.store(2, Relaxed));
            let states = States { start: BYTES[from..].as_ptr().expose_provenance(), len };
            for i in 0..len {
                BYTES[from + i].store(3, Relaxed);
                assert!(states.all(0xfe, 2) && !states.all(0xff, 2));
                BYTES[from + i].store(4, Relaxed);
                assert!(!states.all(0xfe, 2));
                BYTES[from + i].store(2, Relaxed);
            }
            states.fill(9);
            assert!(BYTES.iter().enumerate().all(|(i, byte)| (byte.load(Relaxed) == 9) == (from..from + len).contains(&i)));
        }
    }

    #[test]
    fn runs() {
        for len in 2..70usize {
            let mut pages: Vec<*mut Page> = (0..len).map(|i| without_provenance_mut(64 * (i + 9))).collect();
            assert!(are_pages(&pages), "{len}");
            for i in 0..len {
                pages[i] = without_provenance_mut(pages[i].addr() + (1 << (i % 40)));
                assert!(!are_pages(&pages), "{len} {i}");
                pages[i] = without_provenance_mut(64 * (i + 9));
            }
        }
        assert!(!are_pages(&[without_provenance_mut(64)]) && !are_pages(&[]));
    }
}
