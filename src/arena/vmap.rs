//! A second address for pages: any of them side by side, in a reservation of its own, mapped from the memfd.
//! And the memory for the list of such mappings. Never knows whether a page is held, nor which mappings live.
//!
//! ```text
//! [ numbers of the pages, 4 bytes each ┆ ] start ► [ page | page | … ]
//! ```

use super::map::PAGE_SIZE;
use super::{memfd, os};
use crate::error::Error;
use core::ptr::with_exposed_provenance;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};

/// What the list knows of a mapping. Whoever keeps the list says what the fields mean.
#[repr(C)]
pub struct Entry {
    pub start: AtomicUsize,
    pub pages: AtomicUsize,
    pub list: AtomicUsize,
}

/// Most mappings at once: Linux allows a process half as many.
const MOST: usize = 1 << 17;

/// Room for the list; None when there is no address space. By one thread at a time.
pub fn entries() -> Option<&'static [Entry]> {
    static START: AtomicUsize = AtomicUsize::new(0);
    if START.load(Relaxed) == 0 {
        START.store(os::map_zeroed(MOST * size_of::<Entry>())?, Relaxed);
    }
    // SAFETY: as many zeroed entries, mapped for ever; zero is valid for all fields, and all are atomics.
    Some(unsafe { core::slice::from_raw_parts(with_exposed_provenance(START.load(Relaxed)), MOST) })
}

fn numbers_bytes(pages: usize) -> usize {
    (pages * size_of::<AtomicU32>()).next_multiple_of(PAGE_SIZE)
}

/// Which pages a mapping has that lives, and is its own.
pub fn numbers(start: usize, pages: usize) -> &'static [AtomicU32] {
    // SAFETY: `map` put them there; they live as long as the mapping, which callers keep alive meanwhile.
    unsafe { core::slice::from_raw_parts(with_exposed_provenance(start - numbers_bytes(pages)), pages) }
}

/// Maps `n` pages side by side, neighbours together; the first address. −ENOTSUP when memory is private,
/// −ENOMEM when the process may have no more address space or mappings.
pub fn map(n: usize, pages: impl Iterator<Item = u32>, writable: bool) -> Result<usize, Error> {
    let (before, fd) = (numbers_bytes(n), memfd::fd().ok_or(Error::NotSupported)?);
    let base = os::reserve(before + n * PAGE_SIZE, PAGE_SIZE).ok_or(Error::NoMemory)?;
    let start = base + before;
    let mapped = os::protect(base, before, libc::PROT_READ | libc::PROT_WRITE) && {
        numbers(start, n).iter().zip(pages).for_each(|(number, page)| number.store(page, Relaxed));
        map_runs(fd, start, numbers(start, n), writable)
    };
    if !mapped {
        unmap(start, n);
    }
    mapped.then_some(start).ok_or(Error::NoMemory)
}

fn map_runs(fd: i32, start: usize, numbers: &[AtomicU32], writable: bool) -> bool {
    let prot = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
    let mut at = start;
    numbers.chunk_by(|a, b| a.load(Relaxed) + 1 == b.load(Relaxed)).all(|run| {
        let (bytes, offset) = (run.len() * PAGE_SIZE, run[0].load(Relaxed) as usize * PAGE_SIZE);
        at += bytes;
        // The memory is there; populating spares the faults.
        memfd::map(at - bytes, bytes, fd, offset, prot, libc::MAP_POPULATE)
    })
}

/// Gives the address of `pages` pages up.
pub fn unmap(start: usize, pages: usize) {
    let before = numbers_bytes(pages);
    os::release(start - before, before + pages * PAGE_SIZE);
}
