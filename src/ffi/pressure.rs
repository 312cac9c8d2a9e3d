//! Our own names for what happens when memory is short: shrinkers and trimming. Knows no pool.

use super::convert::{self, gfp_t};
use crate::error::Error;
use crate::observe::report;
use crate::pages::{self, Shrinker};
use core::ffi::{c_int, c_uint, c_ulong};

/// The scan function does I/O: it is called only for requests with __GFP_IO.
pub const MEMPOOL_BULK_SHRINKER_IO: u32 = 1 << 0;
/// The scan function may enter a file system: it is called only for requests with __GFP_FS.
pub const MEMPOOL_BULK_SHRINKER_FS: u32 = 1 << 1;

/// A cache of the program's that can give pages back when others find none. Zero the structure and set
/// scan and flags; while it is registered it stays where it is, and the two do not change.
#[repr(C)]
pub struct mempool_bulk_shrinker {
    /// Frees about nr_pages pages of 4 KiB (32 or more), more or fewer as it suits, to the page allocator
    /// or to a pool, and returns how many it freed; 0: there are none to free, or not now.
    ///
    /// Called by a thread that asks for pages with a mask that has __GFP_DIRECT_RECLAIM, when there are
    /// none and the process may commit no more. No lock of the library is held, but the caller's are:
    /// take none that a thread holds across such a request, or only if it is free. Several threads may be in
    /// it at once, for one shrinker too. gfp is the mask of that request, without what
    /// memalloc_noio_save() or memalloc_nofs_save() forbid.
    ///
    /// It may sleep as that mask allows, and call everything. Requests for pages that it makes call no
    /// shrinker; they may use the emergency pages, as with __GFP_MEMALLOC, and with none left they
    /// fail, except that __GFP_NOFAIL and pools wait as ever: for elements that do not depend on this scan.
    /// It returns: a thread must not end in it.
    pub scan: Option<extern "C" fn(shrinker: *mut mempool_bulk_shrinker, nr_pages: c_ulong, gfp: gfp_t) -> c_ulong>,
    /// MEMPOOL_BULK_SHRINKER_IO, MEMPOOL_BULK_SHRINKER_FS
    pub flags: c_uint,
    /// The library's.
    pub room: [u64; 6],
}

const _: () = assert!(MEMPOOL_BULK_SHRINKER_IO == pages::IO && MEMPOOL_BULK_SHRINKER_FS == pages::FS);
const _: () = assert!(size_of::<mempool_bulk_shrinker>() == size_of::<Shrinker>());

/// Has shrinker->scan called, after those that were registered before, when a request for pages that may
/// sleep finds none: neither free ones nor memory to commit. A request calls all shrinkers that its mask
/// allows, and tries again: with __GFP_NORETRY once, which is how pools ask each time before they sleep;
/// else as long as they free some, at most 16 times in a row without a page for this request; with
/// __GFP_NOFAIL for ever, asleep while they free none. So a scan must not say that it freed what it did
/// not. Requests that may not sleep call none.
///
/// 0; -EINVAL for NULL, a NULL scan or unknown flags; -EBUSY when it is registered already. May sleep for
/// a short lock. May be called from a scan.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_register_shrinker(shrinker: *mut mempool_bulk_shrinker) -> c_int {
    convert::errno(convert::shrinker(shrinker).ok_or(Error::Invalid).and_then(pages::register))
}

/// Has shrinker->scan called no more, and waits until no thread is in it: then the structure may be freed.
/// So hold no lock that scan takes. NULL, or one that is not registered or that another thread
/// unregisters, is a WARN report and nothing more.
///
/// Called from its own scan, it waits only for other threads, and the structure may be freed before the
/// scan returns; what that returns counts. Two scans that unregister each other's shrinkers wait for ever.
///
/// In the child of a fork the scans of threads that it does not have are over, and a shrinker that one of
/// them was unregistering is registered.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_unregister_shrinker(shrinker: *mut mempool_bulk_shrinker) {
    match convert::shrinker(shrinker) {
        Some(shrinker) => pages::unregister(shrinker),
        None => report::warn(format_args!("a NULL shrinker")),
    }
}

/// Gives free memory back to the system, in pieces of 2 MiB that are free as a whole, as long as
/// keep_free_bytes of free memory are left for requests without __GFP_HIGH; the number of bytes given
/// back. Rounds keep_free_bytes up to pages of 4 KiB; 0 gives back all it can, UINT64_MAX nothing. Pages
/// that CPUs have cached are free too, and are collected first, which interrupts the others once.
///
/// Preallocated memory is never given back (MEMPOOL_BULK_PREALLOC, prealloc_bytes), nor are the
/// emergency pages. Nothing is, and the result is 0, while anybody sleeps or has a request queued for
/// want of pages. Requests that may sleep commit the memory again when they need it, as far as the
/// system has it; those that may not have to do with what was left free. See mempool_bulk_regions() for
/// memory that was registered with a device.
///
/// Sleeps for short locks and makes system calls: not for signal handlers. Calls no shrinker. Several
/// threads may trim at once.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_trim(keep_free_bytes: u64) -> u64 {
    pages::trim(keep_free_bytes)
}
