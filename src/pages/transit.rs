//! Words in transit: a stack of whole words in the depot that are not sorted into its lists. One CPU
//! frees what another allocates in many programs; with this, the two share a few lines of numbers and
//! not the lists' links. Invariant: words here are free and counted in the depot's `free`, but stand in
//! no list; who wants anything but words calls `settle` before he gives up.

use super::depot::{DEPOT, Open, TRANSIT};
use super::masks::WORD_ORDER;
use crate::arena::map::WORD_PAGES;
use crate::sync::Batch;
use core::sync::atomic::Ordering::*;

impl Open {
    /// Puts a free word where the next who wants words finds it first.
    pub fn pass_word(&self, w: u32) {
        let n = DEPOT.in_transit.load(Relaxed);
        if n as usize == TRANSIT {
            return self.put_word(w);
        }
        DEPOT.transit[n as usize].store(w, Relaxed);
        DEPOT.in_transit.store(n + 1, Relaxed);
        self.add_free(WORD_PAGES as i32);
    }

    /// Takes up to `n` words in transit, in the order they came; adds them to `out`. How many.
    pub(super) fn take_passed(&self, out: &mut Batch, n: usize) -> usize {
        let have = DEPOT.in_transit.load(Relaxed) as usize;
        let n = n.min(have);
        DEPOT.transit[have - n..have].iter().for_each(|w| out.add(w.load(Relaxed)));
        DEPOT.in_transit.store((have - n) as u32, Relaxed);
        self.add_free(-((n << WORD_ORDER) as i32));
        n
    }

    /// Sorts all words in transit into the lists; false when there were none.
    pub fn settle(&self) -> bool {
        let n = DEPOT.in_transit.swap(0, Relaxed);
        self.add_free(-((n << WORD_ORDER) as i32));
        DEPOT.transit[..n as usize].iter().for_each(|w| self.put_word(w.load(Relaxed)));
        n > 0
    }
}
