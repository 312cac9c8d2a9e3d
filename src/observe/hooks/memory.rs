//! The bytes of an element while it lies in a reserve, where nobody else may look at them. Knows no tool.

use core::ptr::with_exposed_provenance_mut;

/// Fills `n` bytes from `at` on.
pub fn fill(at: usize, n: usize, byte: u8) {
    // SAFETY: callers name bytes of an element that lies in a reserve or just left it: it is as long as its pool's
    // elements are, and nobody else may use it.
    unsafe { with_exposed_provenance_mut::<u8>(at).write_bytes(byte, n) };
}

/// The first of `n` bytes from `at` on that is not `byte`.
pub fn first_other(at: usize, n: usize, byte: u8) -> Option<usize> {
    (0..n).find(|i| self::byte(at + i) != byte)
}

/// One byte. Somebody may be writing it who should not.
pub fn byte(at: usize) -> u8 {
    // SAFETY: as in `fill`.
    unsafe { with_exposed_provenance_mut::<u8>(at).read_volatile() }
}
