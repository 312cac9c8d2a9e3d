//! Pools of large pieces, as kernels 6.9 to 6.18 have them. Knows no page.

use super::convert::gfp_t;
use super::pool::{mempool_create, mempool_init};
use crate::mempool::raw::{self, Mempool};
use crate::mempool::ready;
use core::ffi::{c_int, c_void};
use core::ptr::without_provenance_mut;

/// A piece of memory, small or large, whose size in bytes is pool_data.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_kvmalloc(gfp_mask: gfp_t, pool_data: *mut c_void) -> *mut c_void {
    ready::kmalloc(gfp_mask, pool_data.addr())
}

/// Frees what mempool_kvmalloc() gave.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_kvfree(element: *mut c_void, _pool_data: *mut c_void) {
    raw::c_free(element);
}

/// A pool of such pieces in the caller's memory; 0 or a negative errno. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_kvmalloc_pool(pool: *mut Mempool, min_nr: c_int, size: usize) -> c_int {
    mempool_init(pool, min_nr, Some(mempool_kvmalloc), Some(mempool_kvfree), without_provenance_mut(size))
}

/// A new pool of such pieces; NULL on failure. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_kvmalloc_pool(min_nr: c_int, size: usize) -> *mut Mempool {
    mempool_create(min_nr, Some(mempool_kvmalloc), Some(mempool_kvfree), without_provenance_mut(size))
}
