//! One slab of the page cache: two stacks of numbers, a run of neighbouring ones, and a stop word, laid out so
//! that restartable sections can reach every field by a fixed offset. Knows nothing of what the numbers mean.
//!
//! ```text
//!   0  stop     64  singles' entries …  60 + 4 × len ◄ top      words' entries …
//!   4  lock
//!   8  words' header:   popped << 16 | len
//!  16  singles' header: popped << 16 | len      ⎱ stored together where both change
//!  24  run:             first << 32 | length    ⎰
//! ```
//!
//! | word | meaning | written by |
//! |---|---|---|
//! | stop 0 | the slab is in use | the drainer that stopped it |
//! | stop 1 | sections and lock holders must leave it alone | a drainer |
//! | header | len: entries below it are valid; popped: how many ever left by a pop, wrapping at 2⁴⁸ | one store a section, or the holder of the slab while it is stopped |
//! | run | the numbers from `first` on, as many as `length`; what leaves it is counted as popped from the singles | the same |
//!
//! In a section a header changes by one store, with the run's if that changes too; under the slab's lock, which forks
//! take, by two. So at any instant, in any thread and in a forked child too, the slab is either before an operation or
//! after it. What lies above `len` is scratch.

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
    words: AtomicU64,
    singles: AtomicU64,
    run: AtomicU64,
    rest_of_line: [AtomicU64; 4],
    single_entries: [AtomicU32; SINGLES],
    word_entries: [AtomicU32; WORDS],
}

const _: () = assert!(size_of::<Slab>() <= 1 << SLAB_SHIFT && core::mem::offset_of!(Slab, stop) == 0);
const _: () = assert!(Singles::HEADER % 16 == 0 && RUN == Singles::HEADER + 8);

/// Where the run's word stands.
pub const RUN: usize = core::mem::offset_of!(Slab, run);
/// The longest run: two words. More would lie here that others can use as words.
pub const RUN_MOST: u32 = 128;

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

    pub fn run_len(&self) -> u32 {
        self.run.load(Relaxed) as u32
    }

    fn set_run(&self, first: u32, n: u32) {
        self.run.store(u64::from(first) << 32 | u64::from(n), Relaxed);
    }

    /// Takes `n` numbers off the run's end: the first of them; `NOTHING` when there are fewer. The caller
    /// holds the slab.
    pub fn take_run(&self, n: u32) -> u32 {
        let run = self.run.load(Relaxed);
        let Some(left) = (run as u32).checked_sub(n) else { return NOTHING };
        self.singles.fetch_add(u64::from(n) << 16, Relaxed);
        self.set_run((run >> 32) as u32, left);
        (run >> 32) as u32 + left
    }

    /// Puts `n` neighbours to the run's end or, if they are more, in its place, as far as there is room for
    /// the old ones as single entries. The caller holds the slab.
    pub fn put_run(&self, first: u32, n: u32) -> bool {
        let run = self.run.load(Relaxed);
        let (old, len) = ((run >> 32) as u32, run as u32);
        if old.wrapping_add(len) == first {
            let fits = len + n <= RUN_MOST;
            if fits {
                self.set_run(old, len + n);
            }
            return fits;
        }
        let fits = len < n && self.len::<Singles>() + len as usize <= SINGLES;
        if fits {
            self.push::<Singles>((0..len as usize).map(|i| old + i as u32));
            self.set_run(first, n);
        }
        fits
    }

    /// Hands the run's numbers to `take` and leaves it empty. The caller holds the slab.
    pub fn empty_run(&self, take: impl FnOnce(&mut dyn Iterator<Item = u32>)) {
        let run = self.run.load(Relaxed);
        let first = (run >> 32) as u32;
        take(&mut (first..first + run as u32));
        self.set_run(0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is put, once and no more comes out again.
    #[test]
    fn nothing_is_lost_between_the_run_and_the_stack() {
        // SAFETY: zero is valid for all fields, and all are atomics.
        let slab: Box<Slab> = unsafe { Box::new_zeroed().assume_init() };
        let mut held: Vec<bool> = vec![true; 2000];
        let mut seed = 1u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (seed >> 8) % below
        };
        for _ in 0..50_000 {
            let (first, n) = (random(1900), 1 + random(63));
            let range = first as usize..(first + n) as usize;
            if random(2) == 0 && held[range.clone()].iter().all(|held| *held) {
                let put = slab.put_run(first, n);
                held[range].fill(!put);
            } else if random(3) == 0 {
                let mut some = Batch::new();
                slab.pop::<Singles>(&mut some, n as usize);
                some.entries().iter().for_each(|at| assert!(!core::mem::replace(&mut held[*at as usize], true)));
            } else if let Some(first) = Some(slab.take_run(n)).filter(|first| *first != NOTHING) {
                (first..first + n).for_each(|at| assert!(!core::mem::replace(&mut held[at as usize], true)));
            }
            assert!(slab.run_len() <= RUN_MOST);
            assert_eq!(slab.len::<Singles>() + slab.run_len() as usize, held.iter().filter(|held| !**held).count());
        }
        let popped = slab.popped::<Singles>();
        assert!(popped > 2_500);
        slab.empty_run(|run| run.for_each(|at| assert!(!core::mem::replace(&mut held[at as usize], true))));
        slab.empty::<Singles>(|all| all.for_each(|at| assert!(!core::mem::replace(&mut held[at as usize], true))));
        assert!(held.iter().all(|held| *held) && slab.popped::<Singles>() == popped);
    }
}
