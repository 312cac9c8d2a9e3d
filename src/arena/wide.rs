//! The loops over long arrays of page pointers, compiled twice on x86-64: for every machine, and for those
//! with 256-bit vectors, which is chosen at run time. What the bodies do is the same to the letter.
//! Knows no state.

use super::map::{Page, WORD_PAGES};
use super::view::View;
use core::ptr::with_exposed_provenance_mut;

/// Defines a function that runs `$body` compiled for the widest vectors this machine has.
macro_rules! wide {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty, if $worth_it:expr, $body:block) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $name($($arg: $type),*) -> $result {
            #[inline(always)]
            fn body($($arg: $type),*) -> $result $body

            #[cfg(target_arch = "x86_64")]
            {
                /// # Safety
                /// The machine has AVX2.
                #[target_feature(enable = "avx2")]
                unsafe fn avx2($($arg: $type),*) -> $result {
                    body($($arg),*)
                }
                if $worth_it && std::is_x86_feature_detected!("avx2") {
                    // SAFETY: the machine has what the function was compiled for.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}

wide! {
    /// Is every slot NULL?
    fn all_null(slots: &[*mut Page]) -> bool, if slots.len() >= WORD_PAGES, {
        slots.iter().fold(0, |any, slot| any | slot.addr()) == 0
    }
}

wide! {
    /// Writes pointers to the pages of whole words; `slots` has room for them. How many pages.
    fn write_words(view: View, words: &[u32], slots: &mut [*mut Page]) -> usize, if true, {
        for (w, slots) in words.iter().zip(slots.chunks_exact_mut(WORD_PAGES)) {
            let first = view.page_ptr(w * WORD_PAGES as u32).addr();
            for (i, slot) in slots.iter_mut().enumerate() {
                *slot = with_exposed_provenance_mut(first + i * size_of::<Page>());
            }
        }
        words.len() * WORD_PAGES
    }
}

wide! {
    /// Finds the whole words, in order, that stand at the front, as many as `words` has room for; how many.
    fn leading_words(view: View, pages: &[*mut Page], words: &mut [u32]) -> usize, if true, {
        let mut n = 0;
        for (word, pages) in words.iter_mut().zip(pages.chunks_exact(WORD_PAGES)) {
            let start = pages[0].addr();
            let expected = (0..WORD_PAGES).map(|i| start.wrapping_add(i * size_of::<Page>()));
            let differ = pages.iter().zip(expected).fold(0, |differ, (page, expected)| differ | (page.addr() ^ expected));
            let Some(first) = view.index(pages[0]).filter(|_| view.begins_word(pages[0]) && differ == 0) else { break };
            *word = first / WORD_PAGES as u32;
            n += 1;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut;

    #[test]
    fn nulls() {
        let mut slots = [core::ptr::null_mut(); 67];
        assert!(all_null(&slots) && all_null(&[]));
        for i in 0..slots.len() {
            slots[i] = without_provenance_mut(64);
            assert!(!all_null(&slots));
            slots[i] = core::ptr::null_mut();
        }
    }
}
