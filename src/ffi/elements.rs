//! Many elements at once: the v2 array and callback forms and `mempool_alloc_bulk`. Knows no page.

use super::convert::{self, gfp_t};
use crate::arena::map::Page;
use crate::gfp::GFP_KERNEL;
use crate::mempool::raw::{Mempool, Slots};
use crate::mempool::{bulk, pool};
use crate::observe::report;
use core::ffi::{c_int, c_uint, c_void};

/// Fills the NULL slots of an array of nr with pages. True when all are filled; with
/// __GFP_DIRECT_RECLAIM never false. After false, the pages obtained are in the array. The reserve
/// gives all that is missing or nothing, so nobody sleeps holding its pages.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_pages_bulk_array(pool: *mut Mempool, gfp_mask: gfp_t, nr: c_uint, page_array: *mut *mut Page) -> bool {
    match (convert::pool(pool), convert::slots(page_array, nr)) {
        (Some(pool), Some(slots)) => bulk::array(pool, gfp_mask, slots),
        _ => false,
    }
}

/// Calls cb for each of nr pages, with no lock held. True when it was called nr times; with
/// __GFP_DIRECT_RECLAIM never false. Pages that cb got are the caller's, also after false.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_pages_bulk_cb(pool: *mut Mempool, gfp_mask: gfp_t, nr: c_uint, cb: Option<extern "C" fn(page: *mut Page, data: *mut c_void)>, data: *mut c_void) -> bool {
    let Some(pool) = convert::pool(pool) else { return false };
    match cb {
        Some(cb) => bulk::callback(pool, gfp_mask, nr, cb, data),
        None if nr == 0 => true,
        None => {
            report::warn(format_args!("a NULL callback for {nr} pages"));
            false
        }
    }
}

/// Fills slots by `fill`; -EINVAL when there is no array or no usable pool to do it, or no longer.
#[inline(always)]
fn elements(pool: *mut Mempool, elems: *mut *mut c_void, count: c_uint, fill: impl FnOnce(&Mempool, Slots) -> bool) -> c_int {
    let filled = match (convert::pool(pool), convert::slots(elems, count)) {
        (Some(pool), Some(slots)) => (count == 0 || pool::usable(pool)) && fill(pool, slots),
        _ => false,
    };
    if filled { 0 } else { -libc::EINVAL }
}

/// mempool_alloc_bulk() of 6.19: fills the NULL slots of elems, sleeping until it can; then 0. -EINVAL
/// for a NULL array or a pool that was never set up, or is exited meanwhile. allocated, the number of slots
/// that were populated, is not needed: the slots are looked at.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_bulk_noprof(pool: *mut Mempool, elems: *mut *mut c_void, count: c_uint, _allocated: c_uint) -> c_int {
    elements(pool, elems, count, |pool, slots| bulk::array(pool, GFP_KERNEL, slots))
}

/// The same. In C the name is a macro that takes three arguments too.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_bulk(pool: *mut Mempool, elems: *mut *mut c_void, count: c_uint, allocated: c_uint) -> c_int {
    mempool_alloc_bulk_noprof(pool, elems, count, allocated)
}

/// mempool_alloc_bulk() of 7.2, with three arguments: overwrites all of elems, whatever it held.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_alloc_fresh(pool: *mut Mempool, elems: *mut *mut c_void, count: c_uint) -> c_int {
    elements(pool, elems, count, bulk::fresh)
}

/// Moves elements from the front of elems into the reserve while that is short, sets their slots NULL,
/// and returns how many. Never sleeps and never calls the free function: the rest is the caller's. May
/// complete queued requests. Stops at a NULL slot; a bad element is reported, skipped and counted.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_free_bulk(pool: *mut Mempool, elems: *mut *mut c_void, count: c_uint) -> c_uint {
    match (convert::pool(pool), convert::slots(elems, count)) {
        (Some(pool), Some(slots)) => bulk::free_some(pool, slots),
        _ => 0,
    }
}
