//! The state bytes of neighbouring pages, looked at and set together, as many at a time as the machine can. Never knows
//! what a state means.
//!
//! For fewer than 64 pages the pieces overlap: of 20 bytes the first sixteen and the last sixteen.

use super::map::WORD_PAGES;
use super::view::View;
#[cfg(target_arch = "x86_64")]
use core::arch::{asm, x86_64::*};
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
const SIXTEEN: usize = 16;
/// Half a word.
const HALF: usize = WORD_PAGES / 2;

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
        match self.len {
            EIGHT..SIXTEEN => (self.eight_differ(0, mask, value) | self.eight_differ(self.len - EIGHT, mask, value)) == 0,
            SIXTEEN..HALF => self.sixteens(mask, value, [0, self.len - SIXTEEN]),
            HALF..=WORD_PAGES => self.sixteens(mask, value, [0, SIXTEEN, self.len - HALF, self.len - SIXTEEN]),
            _ => self.all_slowly(mask, value),
        }
    }

    #[inline(always)]
    pub fn fill(self, value: u8) {
        match self.len {
            EIGHT..SIXTEEN => {
                self.store_eight(0, repeat(value));
                self.store_eight(self.len - EIGHT, repeat(value));
            }
            SIXTEEN..=WORD_PAGES => {
                self.store_sixteen(0, value);
                self.store_sixteen(self.len - SIXTEEN, value);
                if self.len >= HALF {
                    self.store_sixteen(SIXTEEN, value);
                    self.store_sixteen(self.len - HALF, value);
                }
            }
            _ => self.fill_slowly(value),
        }
    }

    /// Fewer than eight, or more than a word.
    #[inline(never)]
    fn all_slowly(self, mask: u8, value: u8) -> bool {
        (0..self.len).all(|at| self.byte(at).load(Relaxed) & mask == value)
    }

    #[inline(never)]
    fn fill_slowly(self, value: u8) {
        (0..self.len).for_each(|at| self.byte(at).store(value, Relaxed));
    }

    #[inline(always)]
    fn eight_differ(self, at: usize, mask: u8, value: u8) -> u64 {
        self.load_eight(at) & repeat(mask) ^ repeat(value)
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
        unsafe { asm!("mov {}, qword ptr [{} + {}]", out(reg) eight, in(reg) self.start, in(reg) at, options(nostack, readonly, preserves_flags)) };
        eight
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn store_eight(self, at: usize, eight: u64) {
        // SAFETY: as in `byte`, for the eight from `at` on.
        unsafe { asm!("mov qword ptr [{} + {}], {}", in(reg) self.start, in(reg) at, in(reg) eight, options(nostack, preserves_flags)) };
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

#[cfg(target_arch = "x86_64")]
impl States {
    /// Are the sixteen from each of these on as they should be?
    #[inline(always)]
    fn sixteens<const N: usize>(self, mask: u8, value: u8, at: [usize; N]) -> bool {
        // SAFETY: arithmetic.
        unsafe {
            let (mask, value) = (_mm_set1_epi8(mask as i8), _mm_set1_epi8(value as i8));
            let mut same = _mm_set1_epi8(-1);
            let mut i = 0;
            while i < N {
                same = _mm_and_si128(same, _mm_cmpeq_epi8(_mm_and_si128(self.load_sixteen(at[i]), mask), value));
                i += 1;
            }
            _mm_movemask_epi8(same) == 0xffff
        }
    }

    /// Assembly as for `load_eight`.
    #[inline(always)]
    fn load_sixteen(self, at: usize) -> __m128i {
        let sixteen: __m128i;
        // SAFETY: as in `byte`, for the sixteen from `at` on.
        unsafe { asm!("movups {}, xmmword ptr [{} + {}]", out(xmm_reg) sixteen, in(reg) self.start, in(reg) at, options(nostack, readonly, preserves_flags)) };
        sixteen
    }

    #[inline(always)]
    fn store_sixteen(self, at: usize, value: u8) {
        // SAFETY: as in `load_sixteen`.
        unsafe { asm!("movups xmmword ptr [{} + {}], {}", in(reg) self.start, in(reg) at, in(xmm_reg) _mm_set1_epi8(value as i8), options(nostack, preserves_flags)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl States {
    fn sixteens<const N: usize>(self, mask: u8, value: u8, at: [usize; N]) -> bool {
        at.into_iter().all(|at| (self.eight_differ(at, mask, value) | self.eight_differ(at + EIGHT, mask, value)) == 0)
    }

    fn store_sixteen(self, at: usize, value: u8) {
        self.store_eight(at, repeat(value));
        self.store_eight(at + EIGHT, repeat(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
