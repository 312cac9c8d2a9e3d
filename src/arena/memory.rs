//! What a range of the arena is made of, and how it gets its memory and loses it: private memory of the
//! process, or the memfd's. Never knows which page lies where.

use super::os::{self, Populated};
use super::memfd;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    Private,
    Memfd,
}

impl Memory {
    /// That of pages.
    pub fn of_pages() -> Memory {
        if memfd::is_on() { Memory::Memfd } else { Memory::Private }
    }

    /// Makes a reserved range readable, writable and resident; on failure it is as before. `offset` is where
    /// it lies in its file.
    pub fn commit(self, start: usize, bytes: usize, offset: usize, huge: bool) -> bool {
        if !os::protect(start, bytes, libc::PROT_READ | libc::PROT_WRITE) {
            return false;
        }
        if huge {
            // A refusal costs only speed. Shared memory follows it where the system's `shmem_enabled` says `advise`.
            os::advise(start, bytes, libc::MADV_HUGEPAGE);
        }
        let done = match os::populate(start, bytes) {
            Populated::Unknown => self.touch(start, bytes, offset),
            known => known == Populated::Yes,
        };
        if !done {
            // A half-populated range would leave the process at its limit: back first, then report.
            self.decommit(start, bytes);
        }
        done
    }

    fn touch(self, start: usize, bytes: usize, offset: usize) -> bool {
        let may = self == Memory::Private || memfd::allocate(offset, bytes);
        if may {
            os::touch(start, bytes);
        }
        may
    }

    /// The reverse of `commit`: the memory goes back, the address space stays reserved. False, and nothing
    /// changed, when the system refuses.
    pub fn decommit(self, start: usize, bytes: usize) -> bool {
        match self {
            Memory::Private => os::reserve_again(start, bytes),
            Memory::Memfd => {
                let removed = memfd::remove(start, bytes);
                if removed {
                    // Only so that a stray access is found; a process with too many mappings goes without.
                    os::protect(start, bytes, libc::PROT_NONE);
                }
                removed
            }
        }
    }
}
