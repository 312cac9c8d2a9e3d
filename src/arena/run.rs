//! Pointers to neighbouring pages: are these a run, and writing one. Never knows which pages those are.
//!
//! Pointers are loaded two at a time, as restartable sections store them: a load that spans two recent
//! stores must wait until both are in the cache.

use super::map::Page;

/// Are these pointers to neighbouring pages, in order?
#[inline(always)]
pub fn are_pages(pages: &[*mut Page]) -> bool {
    let [first, .., last] = pages else { return false };
    // The last one first: one look tells most other arrays off.
    last.addr() == nth(first.addr(), pages.len() - 1) && all_in_order(pages, first.addr())
}

/// The address of a page `n` behind another.
fn nth(first: usize, n: usize) -> usize {
    first.wrapping_add(n * size_of::<Page>())
}

#[cfg(target_arch = "x86_64")]
use x86_64::all_in_order;
#[cfg(target_arch = "x86_64")]
pub use x86_64::write_pages;

/// Every x86-64 has the instructions used here.
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::*;
    use core::arch::x86_64::*;

    const FOUR: usize = 4;

    /// Two pointers to the pages `n` and `n + 1` behind `first`.
    #[inline(always)]
    fn pair(first: usize, n: usize) -> __m128i {
        let size = size_of::<Page>() as i64;
        // SAFETY: arithmetic.
        unsafe { _mm_add_epi64(_mm_set1_epi64x(nth(first, n) as i64), _mm_set_epi64x(size, 0)) }
    }

    /// The first page's address is known to be right.
    #[inline(always)]
    pub fn all_in_order(pages: &[*mut Page], first: usize) -> bool {
        let n = pages.len();
        if n < FOUR {
            return pages.iter().enumerate().all(|(i, page)| page.addr() == nth(first, i));
        }
        // SAFETY: each load is of two pointers of the slice: `at` is at most n - 4.
        unsafe {
            let differ = |at: usize, (a, b): (__m128i, __m128i)| {
                let load = |at: usize| _mm_loadu_si128(pages.as_ptr().add(at).cast());
                _mm_or_si128(_mm_xor_si128(load(at), a), _mm_xor_si128(load(at + 2), b))
            };
            let (mut at, mut any) = (0, _mm_setzero_si128());
            let (mut a, mut b) = (pair(first, 0), pair(first, 2));
            let step = _mm_set1_epi64x((FOUR * size_of::<Page>()) as i64);
            while at + FOUR <= n {
                any = _mm_or_si128(any, differ(at, (a, b)));
                (a, b) = (_mm_add_epi64(a, step), _mm_add_epi64(b, step));
                at += FOUR;
            }
            if at < n {
                any = _mm_or_si128(any, differ(n - FOUR, (pair(first, n - FOUR), pair(first, n - FOUR + 2))));
            }
            _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) == 0xffff
        }
    }

    /// Writes pointers to neighbouring pages.
    #[inline(always)]
    pub fn write_pages(first: *mut Page, slots: &mut [*mut Page]) {
        let n = slots.len();
        if n < FOUR {
            return slots.iter_mut().enumerate().for_each(|(i, slot)| *slot = first.wrapping_add(i));
        }
        // SAFETY: as in `all_in_order`.
        unsafe {
            let store = |slots: &mut [*mut Page], at: usize, (a, b): (__m128i, __m128i)| {
                _mm_storeu_si128(slots.as_mut_ptr().add(at).cast(), a);
                _mm_storeu_si128(slots.as_mut_ptr().add(at + 2).cast(), b);
            };
            let (mut a, mut b) = (pair(first.addr(), 0), pair(first.addr(), 2));
            let step = _mm_set1_epi64x((FOUR * size_of::<Page>()) as i64);
            let mut at = 0;
            while at + FOUR <= n {
                store(slots, at, (a, b));
                (a, b) = (_mm_add_epi64(a, step), _mm_add_epi64(b, step));
                at += FOUR;
            }
            if at < n {
                store(slots, n - FOUR, (pair(first.addr(), n - FOUR), pair(first.addr(), n - FOUR + 2)));
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn all_in_order(pages: &[*mut Page], first: usize) -> bool {
    pages.iter().enumerate().all(|(i, page)| page.addr() == nth(first, i))
}

/// Writes pointers to neighbouring pages.
#[cfg(not(target_arch = "x86_64"))]
pub fn write_pages(first: *mut Page, slots: &mut [*mut Page]) {
    slots.iter_mut().enumerate().for_each(|(i, slot)| *slot = first.wrapping_add(i));
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut;

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
