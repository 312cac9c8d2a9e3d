//! A short list of numbers on the stack, on its way between a slab and its user. Not zeroed when made:
//! that would cost more than most operations. Knows nothing of what the numbers mean.

use core::mem::MaybeUninit;

/// The most entries that move in one operation.
pub const BATCH: usize = 256;

#[repr(C, align(16))]
pub struct Batch {
    entries: [MaybeUninit<u32>; BATCH],
    len: usize,
}

impl Batch {
    #[inline(always)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Batch { entries: [const { MaybeUninit::uninit() }; BATCH], len: 0 }
    }

    /// Adds an entry; the batch must not be full.
    #[inline(always)]
    pub fn add(&mut self, entry: u32) {
        assert!(self.len < BATCH);
        self.entries[self.len].write(entry);
        self.len += 1;
    }

    #[inline(always)]
    pub fn entries(&self) -> &[u32] {
        // SAFETY: the first `len` entries were written, by `add` or as `set_len`'s caller says.
        unsafe { core::slice::from_raw_parts(self.entries.as_ptr().cast(), self.len) }
    }

    #[inline(always)]
    pub fn room(&self) -> usize {
        BATCH - self.len
    }

    #[inline(always)]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn as_mut_ptr(&mut self) -> *mut u32 {
        self.entries.as_mut_ptr().cast()
    }

    /// # Safety
    /// The first `len` entries, `BATCH` at most, were written.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) unsafe fn set_len(&mut self, len: usize) {
        self.len = len;
    }
}
