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
        // SAFETY: callers pass only ranges that `reserve` gave and that hold no page in use.
        unsafe { libc::munmap(with_exposed_provenance_mut(start), bytes) };
    }
}

/// Makes a reserved range readable, writable and resident; on failure it is as before.
pub fn commit(start: usize, bytes: usize, huge: bool) -> bool {
    let addr = with_exposed_provenance_mut(start);
    // SAFETY: the range lies in our own reservation and nobody uses it yet.
    if unsafe { libc::mprotect(addr, bytes, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
        return false;
    }
    if huge {
        // SAFETY: advice on our own range; a refusal costs only speed.
        unsafe { libc::madvise(addr, bytes, libc::MADV_HUGEPAGE) };
    }
    if populate(start, bytes) {
        return true;
    }
    // A half-populated range would leave the process at its limit: back first, then report.
    decommit(start, bytes);
    false
}

fn populate(start: usize, bytes: usize) -> bool {
    let addr = with_exposed_provenance_mut(start);
    // SAFETY: populating our own writable range changes no contents.
    if unsafe { libc::madvise(addr, bytes, libc::MADV_POPULATE_WRITE) } == 0 {
        return true;
    }
    if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
        return false;
    }
    // Kernels before 5.14 and some tools don't know the advice: touch each page instead.
    for offset in (0..bytes).step_by(PAGE) {
        let byte: *mut u8 = with_exposed_provenance_mut(start + offset);
        // SAFETY: the range is ours, writable, and not yet handed to anybody.
        unsafe { byte.write_volatile(0) };
    }
    true
}

/// The reverse of `commit`: the memory goes back, the address space stays reserved. False, and nothing
/// changed, when the process may have no more mappings: a range in the middle of others makes two more.
/// Linux refuses before it unmaps anything.
pub fn decommit(start: usize, bytes: usize) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: replaces a range of our own reservation in which no page is in use.
    unsafe { libc::mmap(with_exposed_provenance_mut(start), bytes, libc::PROT_NONE, flags, -1, 0) != libc::MAP_FAILED }
}

/// Locks a committed range into memory; false when RLIMIT_MEMLOCK forbids it.
pub fn lock(start: usize, bytes: usize) -> bool {
    // SAFETY: locking our own committed range changes no contents.
    unsafe { libc::mlock(with_exposed_provenance_mut(start), bytes) == 0 }
}

/// A zeroed, writable mapping for bookkeeping; its pages become resident when the chunks that they keep
/// books of are committed and their states are written.
pub fn map_zeroed(bytes: usize) -> Option<usize> {
    let map = memmap2::MmapOptions::new().len(bytes).no_reserve_swap().map_anon().ok()?;
    // Until `release`, mostly for ever: nothing drops it.
    Some(core::mem::ManuallyDrop::new(map).as_mut_ptr().expose_provenance())
}
