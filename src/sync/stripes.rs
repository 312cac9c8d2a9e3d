//! Counters that many threads bump at once: one line a CPU, added to inside a restartable section, so
//! that no line is shared and nothing is locked. Optional: a set without memory, or a machine without
//! sections, says so and the caller counts elsewhere. Knows nothing of what is counted.

#[cfg(not(target_arch = "x86_64"))]
use super::rseq_absent as rseq;
#[cfg(target_arch = "x86_64")]
use super::rseq;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering::*};

/// Stripes lie this far apart: one cache line.
pub(super) const STRIPE_SHIFT: u32 = 6;
/// Counters of a stripe.
pub const PER_STRIPE: usize = (1 << STRIPE_SHIFT) / size_of::<AtomicU64>();

/// A set of counters; NULL while it has no memory.
#[repr(transparent)]
pub struct Stripes(AtomicPtr<AtomicU64>);

/// Bytes of zeroed memory that a set needs; 0 where there are no sections.
pub fn bytes() -> usize {
    (rseq::cpus() as usize) << STRIPE_SHIFT
}

impl Stripes {
    /// Gives the set its memory, NULL for none; what it had before.
    ///
    /// # Safety
    /// `memory` is NULL or `bytes()` zeroed bytes, aligned to a line, that live until they are taken
    /// away again while nobody counts.
    pub unsafe fn replace(&self, memory: *mut AtomicU64) -> *mut AtomicU64 {
        self.0.swap(memory, AcqRel)
    }

    /// Adds to counter `which`; false when that could not be.
    #[inline(always)]
    pub fn add(&self, which: usize, n: u64) -> bool {
        let memory = self.0.load(Relaxed);
        assert!(which < PER_STRIPE);
        !memory.is_null() && rseq::add(memory.addr() + which * size_of::<AtomicU64>(), n)
    }

    /// The sum of all stripes; exact when nobody counts.
    pub fn sum(&self, which: usize) -> u64 {
        let memory = self.0.load(Acquire);
        assert!(which < PER_STRIPE);
        if memory.is_null() {
            return 0;
        }
        // SAFETY: `replace`'s caller gave a stripe for every CPU; all are atomics.
        (0..rseq::cpus() as usize).map(|cpu| unsafe { (*memory.add(cpu * PER_STRIPE + which)).load(Relaxed) }).sum()
    }
}
