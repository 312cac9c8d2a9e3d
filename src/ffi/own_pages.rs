//! Our own names for pages, buffers and runs. Knows no address.

use super::convert::{self, gfp_t};
use crate::arena::map::Page;
use crate::gfp::of_user;
use crate::mempool::raw::Mempool;
use crate::mempool::{bulk, ready, resize, runs};
use crate::observe::report;
use crate::pages::{self, Prefer};
use core::ffi::{c_int, c_uint, c_void};

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

/// Tops the reserve up as far as gfp allows; the number of elements added. 0 and a BUG for a pool that was never set up.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_refill(pool: *mut Mempool, gfp: gfp_t) -> c_int {
    convert::pool(pool).map_or(0, |pool| resize::refill(pool, gfp))
}
