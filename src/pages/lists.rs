//! The depot's free blocks, taken and put with its lock held. Free words (64 neighbouring pages) and
//! larger blocks lie in a binary buddy; words of which only some pages are free have a mask and hang in
//! the list of their largest free block, so that small requests use up the smallest that will do.
//! Knows nothing of states.
//!
//! | record of a word | iff |
//! |---|---|
//! | free, bit i | page i of the word lies in the depot, or has no memory (`holes`) |
//! | listed k + 1, k < 6 | some pages are free, the largest free block has order k |
//! | listed k + 1, 6 ≤ k ≤ 10 | it is the first word of a free block of order k |
//! | listed 12 | it is the first word of a chunk without memory |
//! | listed 0 | none of its pages is free here, or it lies inside a larger free block or a chunk without memory |
//!
//! Two free buddies of one order never coexist. A page that is put while it is here already was freed
//! twice: it stays here once.

use super::MAX_ORDER;
use super::depot::{DEPOT, NONE, Open};
use super::masks::{self, WORD_ORDER};
use super::twice;
use crate::arena::map::{WORD_PAGES, Word};
use crate::sync::Batch;
use core::sync::atomic::{AtomicU32, Ordering::*};

impl Open {
    /// Takes one block of 2^order pages, the smallest that fits, leaving at least `floor` pages.
    pub fn take_block(&self, order: u32, floor: u32) -> Option<u32> {
        if self.available(floor) < 1 << order {
            return None;
        }
        let list = (order..=MAX_ORDER).find(|list| self.head(*list).load(Relaxed) != NONE)?;
        let w = self.head(list).load(Relaxed) - 1;
        if order >= WORD_ORDER {
            self.cut(w, list, order);
            return Some(w << WORD_ORDER);
        }
        let free = self.break_into(w, list);
        let at = masks::blocks(free, order).trailing_zeros();
        self.relist(w, free & !masks::bits(at, order));
        self.add_free(-(1 << order));
        Some(w << WORD_ORDER | at)
    }

    /// Takes single pages, up to `n`, from the words that have the fewest left; adds them to `out`.
    pub fn take_pages(&self, out: &mut Batch, n: usize, floor: u32) {
        let mut want = n.min(out.room()).min(self.available(floor) as usize);
        while want > 0 {
            let Some(list) = (0..=MAX_ORDER).find(|list| self.head(*list).load(Relaxed) != NONE) else { break };
            let w = self.head(list).load(Relaxed) - 1;
            let free = self.break_into(w, list);
            let taken = masks::lowest(free, want);
            masks::for_each(taken, |bit| out.add(w << WORD_ORDER | bit));
            self.relist(w, free & !taken);
            self.add_free(-(taken.count_ones() as i32));
            want -= taken.count_ones() as usize;
        }
    }

    /// Takes single pages, up to `n`, in runs as long as there are; adds them to `out`.
    pub fn take_runs(&self, out: &mut Batch, n: usize, floor: u32) {
        let mut want = n.min(out.room()).min(self.available(floor) as usize);
        while want > 0 {
            let Some(list) = (0..=MAX_ORDER).rev().find(|list| self.head(*list).load(Relaxed) != NONE) else { break };
            let Some(first) = self.take_block(list.min(want.ilog2()), floor) else { break };
            let pages = 1 << list.min(want.ilog2());
            (first..first + pages).for_each(|idx| out.add(idx));
            want -= pages as usize;
        }
    }

    /// Takes whole words, up to `n`, in runs as long as there are; adds them to `out`.
    pub fn take_words(&self, out: &mut Batch, n: usize, floor: u32) {
        let mut want = n.min(out.room()).min(self.available(floor) as usize / WORD_PAGES);
        want -= self.take_passed(out, want);
        while want > 0 {
            let most = want.ilog2() + WORD_ORDER;
            let fits = (WORD_ORDER..=most.min(MAX_ORDER)).rev().find(|list| self.head(*list).load(Relaxed) != NONE);
            let Some(list) = fits.or_else(|| (most..=MAX_ORDER).find(|list| self.head(*list).load(Relaxed) != NONE)) else { break };
            let (w, order) = (self.head(list).load(Relaxed) - 1, list.min(most));
            self.cut(w, list, order);
            (0..1 << (order - WORD_ORDER)).for_each(|i| out.add(w + i));
            want -= 1 << (order - WORD_ORDER);
        }
    }

    /// Puts a free page back.
    pub fn put_page(&self, idx: u32) {
        self.put_mask(idx >> WORD_ORDER, 1 << (idx % WORD_PAGES as u32));
    }

    /// Puts free pages back; those that follow each other and are of one word go together.
    pub fn put_pages(&self, pages: impl Iterator<Item = u32>) {
        let (mut w, mut mask) = (0, 0);
        for idx in pages {
            if idx >> WORD_ORDER != w && mask != 0 {
                self.put_mask(w, mask);
                mask = 0;
            }
            w = idx >> WORD_ORDER;
            mask |= 1 << (idx % WORD_PAGES as u32);
        }
        if mask != 0 {
            self.put_mask(w, mask);
        }
    }

    /// Puts a free block back, merged with its neighbours.
    pub fn put_block(&self, idx: u32, order: u32) {
        let w = idx >> WORD_ORDER;
        if order < WORD_ORDER {
            return self.put_mask(w, masks::bits(idx % WORD_PAGES as u32, order));
        }
        let words = w..w + (1 << (order - WORD_ORDER));
        if words.clone().any(|w| self.arena.word(w).free.load(Relaxed) != 0) {
            // Some of it is here already: the rest goes in word by word.
            return words.for_each(|w| self.put_mask(w, u64::MAX));
        }
        words.for_each(|w| self.arena.word(w).free.store(u64::MAX, Relaxed));
        self.add_free(1 << order);
        self.merge(w, order);
    }

    pub fn put_word(&self, w: u32) {
        self.put_block(w << WORD_ORDER, WORD_ORDER);
    }

    pub fn free(&self) -> u32 {
        DEPOT.free.load(Relaxed)
    }

    fn available(&self, floor: u32) -> u32 {
        self.free().saturating_sub(floor)
    }
}

/// The lists.
impl Open {
    fn head(&self, list: u32) -> &'static AtomicU32 {
        &DEPOT.heads[list as usize]
    }

    pub(super) fn add_free(&self, pages: i32) {
        DEPOT.free.store(self.free().wrapping_add_signed(pages), Relaxed);
    }

    /// Takes a block of `order` ≥ 6 off the front of a free block at the head of `list`; the upper halves
    /// go back, so runs come out in address order.
    fn cut(&self, w: u32, list: u32, order: u32) {
        self.unlink(w);
        for half in (order..list).rev() {
            self.link(w + (1 << (half - WORD_ORDER)), half);
        }
        (w..w + (1 << (order - WORD_ORDER))).for_each(|w| self.arena.word(w).free.store(0, Relaxed));
        self.add_free(-(1 << order));
    }

    /// The mask of a word at the head of `list`, which becomes a word of its own if it began a larger
    /// block. The caller relists it.
    fn break_into(&self, w: u32, list: u32) -> u64 {
        if list < WORD_ORDER {
            return self.arena.word(w).free.load(Relaxed);
        }
        self.cut(w, list, WORD_ORDER);
        self.add_free(WORD_PAGES as i32);
        u64::MAX
    }

    fn put_mask(&self, w: u32, mask: u64) {
        let free = self.arena.word(w).free.load(Relaxed);
        let twice = free & mask;
        if twice != 0 {
            twice::found(w << WORD_ORDER | twice.trailing_zeros(), twice.count_ones());
        }
        let new = mask & !twice;
        if new != 0 {
            self.add_free(new.count_ones() as i32);
            self.relist(w, free | new);
        }
    }

    /// Gives a word of single pages a new mask and hangs it where that belongs.
    fn relist(&self, w: u32, free: u64) {
        let word: &Word = self.arena.word(w);
        let listed = word.listed.load(Relaxed);
        let partial = free != 0 && free != u64::MAX;
        let belongs = if partial { masks::largest(free) + 1 } else { 0 };
        word.free.store(free, Relaxed);
        if listed != belongs || !partial {
            if listed != 0 {
                self.unlink(w);
            }
            match free {
                0 => {}
                u64::MAX => self.merge(w, WORD_ORDER),
                _ => self.link(w, belongs - 1),
            }
        }
    }

    /// Hangs a free block of whole words in, joined with its buddy as often as that is free too.
    fn merge(&self, mut w: u32, mut order: u32) {
        let whole_words = self.arena.max_pages() >> WORD_ORDER;
        while order < MAX_ORDER {
            let size = 1 << (order - WORD_ORDER);
            let buddy = w ^ size;
            if buddy + size > whole_words || self.arena.word(buddy).listed.load(Relaxed) != order + 1 {
                break;
            }
            self.unlink(buddy);
            w &= buddy;
            order += 1;
        }
        self.link(w, order);
    }

    pub(super) fn link(&self, w: u32, list: u32) {
        let (word, old) = (self.arena.word(w), self.head(list).load(Relaxed));
        word.next.store(old, Relaxed);
        word.prev.store(NONE, Relaxed);
        if old != NONE {
            self.arena.word(old - 1).prev.store(w + 1, Relaxed);
        }
        self.head(list).store(w + 1, Relaxed);
        word.listed.store(list + 1, Relaxed);
    }

    pub(super) fn unlink(&self, w: u32) {
        let word = self.arena.word(w);
        let (next, prev) = (word.next.load(Relaxed), word.prev.load(Relaxed));
        match prev {
            NONE => self.head(word.listed.load(Relaxed) - 1).store(next, Relaxed),
            prev => self.arena.word(prev - 1).next.store(next, Relaxed),
        }
        if next != NONE {
            self.arena.word(next - 1).prev.store(prev, Relaxed);
        }
        word.listed.store(0, Relaxed);
    }
}
