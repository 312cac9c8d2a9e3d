//! The ready-made callbacks and the pools that use them. Their addresses are what C code compares and
//! stores, so they are made known to the core here. Knows no slab.

use super::convert::{self, gfp_t};
use super::own_pages::{mempool_bulk_alloc_pages, mempool_bulk_free_page};
use super::kvmalloc::{mempool_kvfree, mempool_kvmalloc};
use super::slab::{mempool_alloc_slab, mempool_free_slab};
use super::pool::{mempool_create, mempool_init};
use crate::mempool::raw::{self, Mempool};
use crate::mempool::ready::{self, Known};
use crate::pages;
use core::ffi::{c_int, c_void};
use core::ptr::without_provenance_mut;

/// What the core must recognise.
pub static KNOWN: Known = Known {
    pages: (Some(mempool_alloc_pages), Some(mempool_free_pages)),
    own: (Some(mempool_bulk_alloc_pages), Some(mempool_bulk_free_page)),
    sized: [(Some(mempool_kmalloc), Some(mempool_kfree)), (Some(mempool_kvmalloc), Some(mempool_kvfree))],
    slab: (Some(mempool_alloc_slab), Some(mempool_free_slab)),
};

/// A block of 2^order pages for a pool whose pool_data is the order; a struct page pointer.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_pages(gfp_mask: gfp_t, pool_data: *mut c_void) -> *mut c_void {
    ready::alloc_pages(gfp_mask, pool_data.addr())
}

/// Frees what mempool_alloc_pages() gave.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_free_pages(element: *mut c_void, pool_data: *mut c_void) {
    if let Some(idx) = convert::page(element.cast()) {
        pages::free(idx, pool_data.addr().min(64) as u32);
    }
}

/// A piece of memory whose size in bytes is pool_data.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_kmalloc(gfp_mask: gfp_t, pool_data: *mut c_void) -> *mut c_void {
    ready::kmalloc(gfp_mask, pool_data.addr())
}

/// Frees what mempool_kmalloc() gave.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_kfree(element: *mut c_void, _pool_data: *mut c_void) {
    raw::c_free(element);
}

/// A pool of blocks of 2^order pages in the caller's memory; 0 or a negative errno. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_page_pool(pool: *mut Mempool, min_nr: c_int, order: c_int) -> c_int {
    mempool_init(pool, min_nr, Some(mempool_alloc_pages), Some(mempool_free_pages), without_provenance_mut(order as usize))
}

/// A new pool of blocks of 2^order pages; NULL on failure. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_page_pool(min_nr: c_int, order: c_int) -> *mut Mempool {
    mempool_create(min_nr, Some(mempool_alloc_pages), Some(mempool_free_pages), without_provenance_mut(order as usize))
}

/// A pool of pieces of size bytes in the caller's memory; 0 or a negative errno. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_kmalloc_pool(pool: *mut Mempool, min_nr: c_int, size: usize) -> c_int {
    mempool_init(pool, min_nr, Some(mempool_kmalloc), Some(mempool_kfree), without_provenance_mut(size))
}

/// A new pool of pieces of size bytes; NULL on failure. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_kmalloc_pool(min_nr: c_int, size: usize) -> *mut Mempool {
    mempool_create(min_nr, Some(mempool_kmalloc), Some(mempool_kfree), without_provenance_mut(size))
}
