//! Chunks without memory: given back to the system, and committed again before the arena grows. They hang in
//! a list of the depot's own, as if they were one order larger than the largest block, and each page of
//! theirs counts as lying in the depot, so that one which is put there was freed twice (see `lists`).
//! Knows no policy: when a chunk may go is `trim`'s decision.

use super::depot::{DEPOT, NONE, Open};
use super::masks::WORD_ORDER;
use super::{MAX_ORDER, state};
use crate::arena::map::{self, PAGE_SIZE};
use crate::arena::view::view;
use crate::arena::{Arena, CHUNK_PAGES};
use core::ops::Range;
use core::sync::atomic::Ordering::*;

/// The list of chunks without memory.
pub(super) const HOLES: u32 = MAX_ORDER + 1;
const CHUNK_ORDER: u32 = CHUNK_PAGES.ilog2();
const CHUNK_WORDS: u32 = CHUNK_PAGES >> WORD_ORDER;

/// The first word of a chunk.
fn first_word(chunk: u32) -> u32 {
    chunk * CHUNK_WORDS
}

/// The block that chunk `c` is, or is half of, if it lies in the depot as a whole: its first word and its
/// order. A snapshot unless the depot is open.
fn whole_block(arena: &Arena, c: u32) -> Option<(u32, u32)> {
    (CHUNK_ORDER..=MAX_ORDER).find_map(|order| {
        let w = first_word(c) & !((1 << (order - WORD_ORDER)) - 1);
        (arena.word(w).listed.load(Relaxed) == order + 1).then_some((w, order))
    })
}

/// Does chunk `c` lie in the depot as a whole? A snapshot.
pub fn is_free(arena: &Arena, c: u32) -> bool {
    whole_block(arena, c).is_some()
}

/// Is chunk `c` without memory? A snapshot.
fn is_hole(arena: &Arena, c: u32) -> bool {
    arena.word(first_word(c)).listed.load(Relaxed) == HOLES + 1
}

/// Pages that were committed and have no memory now; a snapshot.
pub fn pages() -> u64 {
    u64::from(DEPOT.holes.load(Relaxed)) * u64::from(CHUNK_PAGES)
}

/// The committed ranges in address order, as first byte and length, each given to `sink`; how many. A
/// snapshot: no lock is held.
pub fn regions(mut sink: impl FnMut(usize, usize)) -> usize {
    let Some(arena) = map::existing() else { return 0 };
    let (committed, mut n, mut run) = (arena.committed(), 0, 0..0);
    let mut end = |run: Range<u32>| {
        if !run.is_empty() {
            sink(map::address(run.start).expose_provenance(), run.len() * PAGE_SIZE);
            n += 1;
        }
    };
    for c in 0..committed.div_ceil(CHUNK_PAGES) {
        let pages = c * CHUNK_PAGES..committed.min((c + 1) * CHUNK_PAGES);
        if is_hole(arena, c) {
            end(core::mem::replace(&mut run, pages.end..pages.end));
        } else {
            run.end = pages.end;
        }
    }
    end(run);
    n
}

impl Open {
    /// Makes a free chunk a hole; the caller takes its memory away next. False, and nothing changed, when it
    /// is not wholly free: a page that somebody uses lies in the depot too if it was freed twice at once.
    pub fn make_hole(&self, c: u32) -> bool {
        let Some((w, order)) = whole_block(self.arena, c) else { return false };
        let states = view().states(c * CHUNK_PAGES, CHUNK_PAGES as usize);
        if !states.is_some_and(state::take_memory) {
            return false;
        }
        self.unlink(w);
        if order > CHUNK_ORDER {
            self.link(first_word(c) ^ CHUNK_WORDS, CHUNK_ORDER);
        }
        self.add_free(-(CHUNK_PAGES as i32));
        self.link(first_word(c), HOLES);
        DEPOT.holes.fetch_add(1, Relaxed);
        // Whoever was refused memory may have some again.
        DEPOT.hopeless.store(0, Relaxed);
        true
    }

    /// Commits a hole again, the one that was made last; its pages, which lie nowhere then. None when there is
    /// no hole, or the process may have no more.
    pub fn refill_hole(&self) -> Option<(u32, u32)> {
        let head = DEPOT.heads[HOLES as usize].load(Relaxed);
        let first = (head != NONE).then(|| (head - 1) << WORD_ORDER)?;
        if !self.arena.grow_back(first) {
            return None;
        }
        self.end_hole(first / CHUNK_PAGES);
        Some((first, CHUNK_PAGES))
    }

    /// Puts a chunk back whose memory the system did not take. Committed once more first: others may have
    /// used it meanwhile, and a trim of theirs succeeded.
    pub fn unmake_hole(&self, c: u32) {
        if is_hole(self.arena, c) && self.arena.grow_back(c * CHUNK_PAGES) {
            self.end_hole(c);
            self.put_new(c * CHUNK_PAGES, CHUNK_PAGES);
        }
    }

    pub fn has_holes(&self) -> bool {
        DEPOT.holes.load(Relaxed) != 0
    }

    fn end_hole(&self, c: u32) {
        let w = first_word(c);
        self.unlink(w);
        (w..first_word(c + 1)).for_each(|w| self.arena.word(w).free.store(0, Relaxed));
        DEPOT.holes.fetch_sub(1, Relaxed);
    }
}
