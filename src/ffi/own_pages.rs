//! Our own names for pages, buffers and runs. Knows no configuration.

use super::convert::{self, gfp_t};
use crate::arena::map::{self, PAGE_SIZE, Page};
use crate::error::Error;
use crate::gfp::of_user;
use crate::mempool::raw::Mempool;
use crate::mempool::{bulk, ready, resize, runs};
use crate::observe::report;
use crate::pages::{self, Prefer};
use core::ffi::{c_int, c_uint, c_void};

/// What C has as `struct iovec`.
pub type iovec = libc::iovec;

/// The library's own bulk function for mempool_init_pages_bulk(): fills the NULL slots of page_array
/// and returns the number of populated slots from its start, or calls cb for each page and returns
/// how often. pool_data is not looked at.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_alloc_pages(gfp: gfp_t, nr: c_uint, _pool_data: *mut c_void, page_array: *mut *mut Page, cb: Option<extern "C" fn(page: *mut Page, data: *mut c_void)>, data: *mut c_void) -> c_uint {
    match cb {
        Some(cb) if page_array.is_null() => pages::for_each(of_user(gfp), Prefer::Cached, nr, |page| cb(page, data)),
        _ => convert::slots(page_array, nr).map_or(0, |mut slots| ready::fill(slots.pages(), of_user(gfp)) as c_uint),
    }
}

/// The free function that goes with mempool_bulk_alloc_pages(): put_page().
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_free_page(page: *mut c_void, _pool_data: *mut c_void) {
    pages::put(page.cast());
}

/// Gives nr elements back: the pool's reserve first, its free function for the rest. NULL entries are
/// skipped, bad ones reported and skipped.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_free_pages(pool: *mut Mempool, pages: *mut *mut Page, nr: c_uint) {
    if let (Some(pool), Some(slots)) = (convert::pool(pool), convert::slots(pages, nr)) {
        bulk::free_all(pool, slots);
    }
}

/// Fills buffers with the addresses of nr page-aligned 4 KiB buffers; true when all are there. Sleeps,
/// and then never fails, with __GFP_DIRECT_RECLAIM. After false, what was obtained is in the array
/// and the rest is NULL. For pools of this library's own pages.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_alloc_buffers(pool: *mut Mempool, gfp: gfp_t, nr: c_uint, buffers: *mut *mut c_void) -> bool {
    match (convert::pool(pool), convert::slots(buffers, nr)) {
        (Some(pool), Some(slots)) => runs::buffers_alloc(pool, gfp, slots),
        _ => false,
    }
}

/// Gives buffers back; NULL entries are skipped, bad ones reported and skipped.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_free_buffers(pool: *mut Mempool, buffers: *mut *mut c_void, nr: c_uint) {
    if let (Some(pool), Some(slots)) = (convert::pool(pool), convert::slots(buffers, nr)) {
        runs::buffers_free(pool, slots);
    }
}

/// Calls cb once for each address-contiguous run of pages, nr pages in all, with no lock held. Result
/// and sleeping as mempool_alloc_pages_bulk_cb(). For pools of this library's own pages.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_alloc_runs(pool: *mut Mempool, gfp: gfp_t, nr: c_uint, cb: Option<extern "C" fn(first: *mut Page, nr: c_uint, data: *mut c_void)>, data: *mut c_void) -> bool {
    match (convert::pool(pool), cb) {
        (Some(pool), Some(cb)) => runs::runs(pool, gfp, nr, cb, data),
        (Some(_), None) if nr == 0 => true,
        (_, None) => {
            report::warn(format_args!("a NULL callback for {nr} pages"));
            false
        }
        _ => false,
    }
}

/// Tops the reserve up as far as gfp allows; the number of elements added.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_refill(pool: *mut Mempool, gfp: gfp_t) -> c_int {
    convert::pool(pool).map_or(0, |pool| resize::refill(pool, gfp))
}

/// Describes nr pages as an iovec array, neighbours merged; the number of entries, -ENOSPC when max is
/// too small, -EINVAL for a page that is not ours or a NULL array.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_pages_to_iovec(pages: *const *mut Page, nr: c_uint, iov: *mut iovec, max: c_int) -> c_int {
    let Some(slots) = convert::slots(pages.cast_mut(), nr) else { return -libc::EINVAL };
    let mut used = 0usize;
    let mut next = None;
    for i in 0..slots.len() {
        let Some(idx) = map::page_index(slots.get(i).cast()) else {
            report::warn(format_args!("{:p} is not a page of this library", slots.get(i)));
            return -libc::EINVAL;
        };
        if next == Some(idx) {
            extend_iovec(iov, used - 1);
        } else if i64::try_from(used).is_ok_and(|used| used >= i64::from(max)) || iov.is_null() {
            return -libc::ENOSPC;
        } else {
            set_iovec(iov, used, map::address(idx).cast(), PAGE_SIZE);
            used += 1;
        }
        next = Some(idx + 1);
    }
    used as c_int
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
    let mut at = 0;
    let room = if regions.is_null() { 0 } else { usize::try_from(max).unwrap_or(0) };
    let n = pages::regions(|start, len| {
        if at < room {
            set_iovec(regions, at, core::ptr::with_exposed_provenance_mut(start), len);
        }
        at += 1;
    });
    n as c_int
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

fn set_iovec(iov: *mut iovec, at: usize, base: *mut c_void, len: usize) {
    // SAFETY: the room's rule: iov has room for the entries that the caller's max allows.
    unsafe { *iov.add(at) = iovec { iov_base: base, iov_len: len } };
}

fn extend_iovec(iov: *mut iovec, at: usize) {
    // SAFETY: entry `at` was set by `set_iovec` in this very call.
    unsafe { (*iov.add(at)).iov_len += PAGE_SIZE };
}
