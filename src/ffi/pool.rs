//! The classic pool functions. Knows no array.

use super::convert::{self, errno, gfp_t};
use super::ready::KNOWN;
use crate::gfp::GFP_KERNEL;
use crate::mempool::raw::{AllocFn, BulkFn, FreeFn, Mempool};
use crate::mempool::{alloc, pool, resize};
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::Ordering::*;

/// Sets up a pool in memory that may hold anything, with min_nr elements (one, if min_nr is 0) from
/// alloc_fn(gfp_mask, pool_data). 0, -ENOMEM, or -EINVAL for a negative count or a NULL function.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_node(pool: *mut Mempool, min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void, gfp_mask: gfp_t, _node_id: c_int) -> c_int {
    let Some(pool) = convert::pool(pool) else { return -libc::EINVAL };
    errno(pool::init(pool, min_nr, alloc_fn, free_fn, pool_data, gfp_mask, &KNOWN))
}

/// mempool_init_node() with GFP_KERNEL on any node; may sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init(pool: *mut Mempool, min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void) -> c_int {
    mempool_init_node(pool, min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL, -1)
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_noprof(pool: *mut Mempool, min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void) -> c_int {
    mempool_init(pool, min_nr, alloc_fn, free_fn, pool_data)
}

/// A new pool as mempool_init_node() sets it up; NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_node(min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void, gfp_mask: gfp_t, _nid: c_int) -> *mut Mempool {
    pool::create(|pool| pool::init(pool, min_nr, alloc_fn, free_fn, pool_data, gfp_mask, &KNOWN))
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_node_noprof(min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void, gfp_mask: gfp_t, nid: c_int) -> *mut Mempool {
    mempool_create_node(min_nr, alloc_fn, free_fn, pool_data, gfp_mask, nid)
}

/// A new pool with GFP_KERNEL; may sleep. NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create(min_nr: c_int, alloc_fn: AllocFn, free_fn: FreeFn, pool_data: *mut c_void) -> *mut Mempool {
    mempool_create_node(min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL, -1)
}

/// Sets up a pool of single pages that come many at a time from alloc_pages_bulk_fn. The reserve is
/// filled from this library's allocator, so a user who counts pages must not expect to see these.
/// Both functions NULL select the library's own allocator for everything. 0, -ENOMEM or -EINVAL.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_pages_bulk(pool: *mut Mempool, min_nr: c_int, alloc_pages_bulk_fn: BulkFn, free_fn: FreeFn, pool_data: *mut c_void) -> c_int {
    let Some(pool) = convert::pool(pool) else { return -libc::EINVAL };
    errno(pool::init_bulk(pool, min_nr, alloc_pages_bulk_fn, free_fn, pool_data, &KNOWN))
}

/// A new pool as mempool_init_pages_bulk() sets it up; NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_pages_bulk(min_nr: c_int, alloc_pages_bulk_fn: BulkFn, free_fn: FreeFn, pool_data: *mut c_void) -> *mut Mempool {
    pool::create(|pool| pool::init_bulk(pool, min_nr, alloc_pages_bulk_fn, free_fn, pool_data, &KNOWN))
}

/// Frees the reserve, last in first out, and makes the pool uninitialised. Safe on a zeroed pool and
/// to repeat. Elements that users still hold are not touched; nobody may be using the pool. Threads that
/// sleep in it or queued requests are a BUG: those come back empty-handed, these are dropped. A thread that is awake in a
/// call on the pool just then may still touch it.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_exit(pool: *mut Mempool) {
    if let Some(pool) = convert::pool(pool) {
        pool::exit(pool);
    }
}

/// mempool_exit() and frees a pool of mempool_create*(); NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_destroy(pool: *mut Mempool) {
    pool::destroy(pool);
}

/// Changes min_nr while the pool is in use; may sleep. 0, -ENOMEM when the larger array can't be had,
/// -EINVAL and a WARN for less than 1, -EINVAL and a BUG for a pool that is NULL or was never set up.
/// Elements that can't be added now are added by later frees.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_resize(pool: *mut Mempool, new_min_nr: c_int) -> c_int {
    let Some(pool) = convert::pool(pool) else { return -libc::EINVAL };
    errno(resize::resize(pool, new_min_nr))
}

/// An element. With __GFP_DIRECT_RECLAIM it sleeps until there is one and never returns NULL; without
/// it tries the pool's function once, then the reserve, and never sleeps.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc(pool: *mut Mempool, gfp_mask: gfp_t) -> *mut c_void {
    convert::pool(pool).map_or(null_mut(), |pool| alloc::one(pool, gfp_mask))
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_noprof(pool: *mut Mempool, gfp_mask: gfp_t) -> *mut c_void {
    mempool_alloc(pool, gfp_mask)
}

/// An element of the reserve, or NULL at once. Never calls the pool's function, never sleeps.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_preallocated(pool: *mut Mempool) -> *mut c_void {
    convert::pool(pool).map_or(null_mut(), alloc::preallocated)
}

/// An element from the pool's function only: no reserve, no waiting, NULL with any mask.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_noreserve(pool: *mut Mempool, gfp_mask: gfp_t) -> *mut c_void {
    convert::pool(pool).map_or(null_mut(), |pool| alloc::noreserve(pool, gfp_mask))
}

/// Gives an element back: to the reserve while that is short, else to the pool's free function.
/// Any thread may; NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_free(element: *mut c_void, pool: *mut Mempool) {
    if element.is_null() {
        return;
    }
    if let Some(pool) = convert::pool(pool) {
        alloc::free(pool, element);
    }
}

/// Was the pool set up and not exited?
#[unsafe(no_mangle)]
pub extern "C" fn mempool_initialized(pool: *mut Mempool) -> bool {
    convert::pool(pool).is_some_and(|pool| !pool.elements.load(Relaxed).is_null())
}

/// Does the reserve hold min_nr elements? A snapshot. So always true for min_nr 0.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_is_saturated(pool: *mut Mempool) -> bool {
    convert::pool(pool).is_some_and(|pool| pool.curr_nr.load(Relaxed) >= pool.min_nr.load(Relaxed))
}
