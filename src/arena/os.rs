//! The system calls on address space. Knows no page index.

use core::ptr::{null_mut, with_exposed_provenance_mut};

const PAGE: usize = 4096;

/// Reserves `bytes` of address space that costs nothing and can't be touched, aligned to `align`.
pub fn reserve(bytes: usize, align: usize) -> Option<usize> {
    let padded = bytes.checked_add(align)?;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
    let raw = unsafe { libc::mmap(null_mut(), padded, libc::PROT_NONE, flags, -1, 0) };
    if raw == libc::MAP_FAILED {
        return None;
    }
    let raw = raw.expose_provenance();
    let base = raw.next_multiple_of(align);
    // The padding goes back, so that RLIMIT_AS counts only what is used.
    release(raw, base - raw);
    release(base + bytes, raw + padded - (base + bytes));
    Some(base)
}

/// Gives address space back for good.
pub fn release(start: usize, bytes: usize) {
    if bytes > 0 {
        // SAFETY: callers pass only whole ranges that this room has mapped and that nobody uses.
        unsafe { libc::munmap(with_exposed_provenance_mut(start), bytes) };
    }
}

/// What the pages of a range are to allow: `PROT_NONE`, or reading and writing.
pub fn protect(start: usize, bytes: usize, prot: libc::c_int) -> bool {
    // SAFETY: the range lies in our own reservation, and nobody uses it yet or any more.
    unsafe { libc::mprotect(with_exposed_provenance_mut(start), bytes, prot) == 0 }
}

/// Advice on a range of our own in which nothing is in use, or which takes nothing away.
pub fn advise(start: usize, bytes: usize, advice: libc::c_int) -> bool {
    // SAFETY: as callers promise.
    unsafe { libc::madvise(with_exposed_provenance_mut(start), bytes, advice) == 0 }
}

/// How a range became resident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Populated {
    Yes,
    Refused,
    /// Kernels before 5.14 and some tools don't know the question: each page is to be touched instead.
    Unknown,
}

/// Makes a writable range resident.
pub fn populate(start: usize, bytes: usize) -> Populated {
    if advise(start, bytes, libc::MADV_POPULATE_WRITE) {
        return Populated::Yes;
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::EINVAL) => Populated::Unknown,
        _ => Populated::Refused,
    }
}

/// Touches each page of a writable range that holds nothing yet.
pub fn touch(start: usize, bytes: usize) {
    for offset in (0..bytes).step_by(PAGE) {
        let byte: *mut u8 = with_exposed_provenance_mut(start + offset);
        // SAFETY: the range is ours, writable, and not yet handed to anybody.
        unsafe { byte.write_volatile(0) };
    }
}

/// Puts an untouchable private mapping in a range's place. False, and nothing changed, when the process may
/// have no more mappings: a range in the middle of others makes two more. Linux refuses before it unmaps
/// anything.
pub fn reserve_again(start: usize, bytes: usize) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: replaces a range of our own reservation in which no page is in use.
    unsafe { libc::mmap(with_exposed_provenance_mut(start), bytes, libc::PROT_NONE, flags, -1, 0) != libc::MAP_FAILED }
}

/// Locks a committed range into memory; false when RLIMIT_MEMLOCK forbids it.
pub fn lock(start: usize, bytes: usize) -> bool {
    // SAFETY: locking our own committed range changes no contents.
    unsafe { libc::mlock(with_exposed_provenance_mut(start), bytes) == 0 }
}

/// The reverse of `lock`.
pub fn unlock(start: usize, bytes: usize) -> bool {
    // SAFETY: unlocking our own range changes no contents.
    unsafe { libc::munlock(with_exposed_provenance_mut(start), bytes) == 0 }
}

/// A zeroed, writable mapping for bookkeeping; its pages become resident when the chunks that they keep
/// books of are committed and their states are written.
pub fn map_zeroed(bytes: usize) -> Option<usize> {
    let map = memmap2::MmapOptions::new().len(bytes).no_reserve_swap().map_anon().ok()?;
    // Until `release`, mostly for ever: nothing drops it.
    Some(core::mem::ManuallyDrop::new(map).as_mut_ptr().expose_provenance())
}
