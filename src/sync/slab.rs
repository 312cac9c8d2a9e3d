//! One slab of the page cache: two stacks of numbers and a stop word, laid out so that restartable
//! sections can reach every field by a fixed offset. Knows nothing of what the numbers mean.
//!
//! ```text
//!   0  stop     64  singles' entries …  60 + 4 × len ◄ top      words' entries …
//!   4  lock
//!   8  singles' header: popped << 16 | len
//!  16  words' header:   popped << 16 | len
//! ```
//!
//! | word | meaning | written by |
//! |---|---|---|
//! | stop 0 | the slab is in use | the drainer that stopped it |
//! | stop 1 | sections and lock holders must leave it alone | a drainer |
//! | header | len: entries below it are valid; popped: how many ever left by a pop, wrapping at 2⁴⁸ | one store a section, or the holder of the slab while it is stopped |
//!
//! A header changes by one store, so at any instant, in any thread and in a forked child too, the slab
//! is either before an operation or after it. What lies above `len` is scratch.

use super::Lock;
use super::batch::Batch;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Slabs lie this far apart: 8 KiB.
pub const SLAB_SHIFT: u32 = 13;
pub const SINGLES: usize = 1920;
pub const WORDS: usize = 64;
#[repr(C, align(64))]
pub struct Slab {
    stop: AtomicU32,
    pub lock: Lock,
    singles: AtomicU64,
    words: AtomicU64,
    rest_of_line: [AtomicU64; 5],
    single_entries: [AtomicU32; SINGLES],
    word_entries: [AtomicU32; WORDS],
}

const _: () = assert!(size_of::<Slab>() <= 1 << SLAB_SHIFT && core::mem::offset_of!(Slab, stop) == 0);

/// One of a slab's stacks.
pub trait Stack {
    const HEADER: usize;
    const ENTRIES: usize;
    const CAPACITY: usize;
    fn header(slab: &Slab) -> &AtomicU64;
    fn entries(slab: &Slab) -> &[AtomicU32];
}

pub struct Singles;
pub struct Words;

impl Stack for Singles {
    const HEADER: usize = core::mem::offset_of!(Slab, singles);
    const ENTRIES: usize = core::mem::offset_of!(Slab, single_entries);
    const CAPACITY: usize = SINGLES;
    fn header(slab: &Slab) -> &AtomicU64 {
        &slab.singles
    }
    fn entries(slab: &Slab) -> &[AtomicU32] {
        &slab.single_entries
    }
}

impl Stack for Words {
    const HEADER: usize = core::mem::offset_of!(Slab, words);
    const ENTRIES: usize = core::mem::offset_of!(Slab, word_entries);
    const CAPACITY: usize = WORDS;
    fn header(slab: &Slab) -> &AtomicU64 {
        &slab.words
    }
    fn entries(slab: &Slab) -> &[AtomicU32] {
        &slab.word_entries
    }
}

/// What a pop of `n` adds to a header: `n` less in `len`, `n` more in `popped`.
pub const POPPED_ONE: u64 = (1 << 16) - 1;
const LEN: u64 = 0xffff;
/// No entry has this number.
pub const NOTHING: u32 = u32::MAX;

impl Slab {
    pub fn len<S: Stack>(&self) -> usize {
        (S::header(self).load(Relaxed) & LEN) as usize
    }

    /// How many entries ever left by a pop.
    pub fn popped<S: Stack>(&self) -> u64 {
        S::header(self).load(Relaxed) >> 16
    }

    /// Relaxed: what makes a stop seen is the barrier or the slab's lock; see `percpu::stop_all`.
    pub fn stopped(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    pub fn set_stopped(&self, stopped: bool) {
        // Release: whoever sees 0 again also sees the headers that the drainer wrote.
        self.stop.store(stopped.into(), Release);
    }

    /// Moves up to `most` entries from the top into a batch that has room for them. The caller holds the
    /// slab.
    pub fn pop<S: Stack>(&self, out: &mut Batch, most: usize) {
        let header = S::header(self).load(Relaxed);
        let len = (header & LEN) as usize;
        let n = len.min(most);
        for entry in &S::entries(self)[len - n..len] {
            out.add(entry.load(Relaxed));
        }
        S::header(self).store(header.wrapping_add(n as u64 * POPPED_ONE), Relaxed);
    }

    /// Moves entries in from the front, as far as there is room; how many. The caller holds the slab.
    pub fn push<S: Stack>(&self, entries: impl ExactSizeIterator<Item = u32>) -> usize {
        let header = S::header(self).load(Relaxed);
        let len = (header & LEN) as usize;
        let n = entries.len().min(S::CAPACITY - len);
        for (slot, entry) in S::entries(self)[len..len + n].iter().zip(entries) {
            slot.store(entry, Relaxed);
        }
        S::header(self).store(header + n as u64, Relaxed);
        n
    }

    /// Hands all entries to `take` and leaves the stack empty. The caller holds the slab.
    pub fn empty<S: Stack>(&self, take: impl FnOnce(&mut dyn Iterator<Item = u32>)) {
        let header = S::header(self).load(Relaxed);
        take(&mut S::entries(self)[..(header & LEN) as usize].iter().map(|entry| entry.load(Relaxed)));
        S::header(self).store(header & !LEN, Relaxed);
    }
}
