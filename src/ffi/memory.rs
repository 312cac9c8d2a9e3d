//! Our own names for where the memory of pages lies: as iovecs, as regions, as a memfd. Knows no pool.

use super::convert;
use crate::arena::map::{self, PAGE_SIZE, Page};
use crate::error::Error;
use crate::mempool::raw::Slots;
use crate::observe::report;
use crate::pages;
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::with_exposed_provenance_mut;

/// What C has as `struct iovec`.
pub type iovec = libc::iovec;

/// An array of them that the caller lends us.
struct Entries {
    start: *mut iovec,
    room: usize,
    used: usize,
}

impl Entries {
    fn new(start: *mut iovec, max: c_int) -> Self {
        let room = if start.is_null() { 0 } else { usize::try_from(max).unwrap_or(0) };
        Entries { start, room, used: 0 }
    }

    /// One more; false when there is no room: then it is only counted.
    fn add(&mut self, iov_base: *mut c_void, iov_len: usize) -> bool {
        let fits = self.used < self.room;
        if fits {
            // SAFETY: the room's rule: a non-NULL array has room for as many entries as the caller's max says.
            unsafe { *self.start.add(self.used) = iovec { iov_base, iov_len } };
        }
        self.used += 1;
        fits
    }

    /// Makes the last one, which had room, longer.
    fn extend(&mut self, by: usize) {
        assert!(self.used > 0 && self.used <= self.room);
        // SAFETY: as in `add`, which wrote it.
        unsafe { (*self.start.add(self.used - 1)).iov_len += by };
    }

    /// Pages, neighbours together.
    fn add_pages(&mut self, slots: &Slots) -> Result<(), Error> {
        let mut next = None;
        for i in 0..slots.len() {
            let Some(idx) = map::page_index(slots.get(i).cast()) else {
                report::warn(format_args!("{:p} is not a page of this library", slots.get(i)));
                return Err(Error::Invalid);
            };
            if next == Some(idx) {
                self.extend(PAGE_SIZE);
            } else if !self.add(map::address(idx).cast(), PAGE_SIZE) {
                return Err(Error::NoSpace);
            }
            next = Some(idx + 1);
        }
        Ok(())
    }
}

/// Describes nr pages as an iovec array, neighbours merged; the number of entries, -ENOSPC when max is
/// too small, -EINVAL for a page that is not ours or a NULL array.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_pages_to_iovec(pages: *const *mut Page, nr: c_uint, iov: *mut iovec, max: c_int) -> c_int {
    let Some(slots) = convert::slots(pages.cast_mut(), nr) else { return -libc::EINVAL };
    let mut entries = Entries::new(iov, max);
    entries.add_pages(&slots).map_or_else(Error::errno, |()| entries.used as c_int)
}

/// The committed memory behind all pages, as ranges of bytes in address order: writes up to max of them
/// and returns how many there are, also when max is 0 and regions is NULL. One range, until
/// mempool_bulk_trim() makes gaps. A snapshot: a request that may sleep makes the memory grow, a trim
/// takes some away. Memory that was registered with a device and then trimmed is other memory when it
/// is committed again, and the device goes on using the old: register preallocated memory, which is
/// never taken, or do not trim. With prealloc_bytes == limit_bytes the list never changes. Takes no
/// lock and does not sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_regions(regions: *mut iovec, max: c_int) -> c_int {
    let mut entries = Entries::new(regions, max);
    pages::regions(|start, len| {
        entries.add(with_exposed_provenance_mut(start), len);
    }) as c_int
}

/// The descriptor of the memfd behind all pages, with MEMPOOL_BULK_MEMFD; else -ENOTSUP, also when the
/// system gave none, or the program has closed it. The library's own: dup() it to keep it or pass it on. A page's
/// offset is its address minus the start of the first region, which never moves. The file is as large as
/// the limit, and sealed so; only what mempool_bulk_regions() tells has memory, and what is trimmed and committed
/// again is new memory, all zero, at the same offset, for all who have it mapped. Sets the allocator up, as
/// a first allocation does.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_memfd() -> c_int {
    pages::memfd().unwrap_or_else(Error::errno)
}
