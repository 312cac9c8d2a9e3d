//! A second address for pages: any of them side by side, in a reservation of its own, mapped from the memfd.
//! Never knows whether a page is held, nor which mappings live.

use super::map::PAGE_SIZE;
use super::{memfd, os};
use crate::error::Error;

/// Maps pages side by side, neighbours together; the first address. −ENOTSUP when memory is private, −ENOMEM
/// when the process may have no more address space or mappings.
pub fn map(pages: &[u32], writable: bool) -> Result<usize, Error> {
    let fd = memfd::fd().ok_or(Error::NotSupported)?;
    let prot = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
    let start = os::reserve(pages.len() * PAGE_SIZE, PAGE_SIZE).ok_or(Error::NoMemory)?;
    let mut at = start;
    for run in pages.chunk_by(|a, b| a + 1 == *b) {
        let (bytes, offset) = (run.len() * PAGE_SIZE, run[0] as usize * PAGE_SIZE);
        // The memory is there; populating spares the faults.
        if !memfd::map(at, bytes, fd, offset, prot, libc::MAP_POPULATE) {
            unmap(start, pages.len());
            return Err(Error::NoMemory);
        }
        at += bytes;
    }
    Ok(start)
}

/// Gives the address of `pages` pages up.
pub fn unmap(start: usize, pages: usize) {
    os::release(start, pages * PAGE_SIZE);
}
