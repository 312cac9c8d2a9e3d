//! Slab caches and the pools of their objects. Knows no page.

use super::convert::gfp_t;
use super::pool::{mempool_create, mempool_init};
use crate::mempool::raw::Mempool;
use crate::mempool::slab::{self, Constructor, KmemCache};
use crate::observe::report;
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr::null_mut;

fn cache<'a>(cache: *mut KmemCache) -> Option<&'a KmemCache> {
    if cache.is_null() {
        report::bug(format_args!("a NULL slab cache"));
    }
    // SAFETY: the room's rule: a non-NULL cache is one of kmem_cache_create(), not yet destroyed.
    unsafe { cache.as_ref() }
}

/// A cache of objects of size bytes, aligned to align (0: as malloc does). ctor, if any, runs for each
/// object handed out. NULL for nonsense.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_create(_name: *const c_char, size: c_uint, align: c_uint, _flags: c_ulong, ctor: Constructor) -> *mut KmemCache {
    slab::create(size, align, ctor).unwrap_or(null_mut())
}

/// Gives a cache up; NULL does nothing. Objects still in use get a WARN and stay usable.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_destroy(cache: *mut KmemCache) {
    slab::destroy(cache);
}

/// An object, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_alloc(cache: *mut KmemCache, gfp_mask: gfp_t) -> *mut c_void {
    self::cache(cache).map_or(null_mut(), |cache| cache.alloc(gfp_mask))
}

/// An object of zeros, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_zalloc(cache: *mut KmemCache, gfp_mask: gfp_t) -> *mut c_void {
    kmem_cache_alloc(cache, gfp_mask | crate::gfp::__GFP_ZERO)
}

/// Frees an object; NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_free(cache: *mut KmemCache, object: *mut c_void) {
    if let Some(cache) = self::cache(cache) {
        cache.free(object);
    }
}

/// The size of a cache's objects in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn kmem_cache_size(cache: *mut KmemCache) -> c_uint {
    self::cache(cache).map_or(0, |cache| cache.size)
}

/// An object of the cache that is pool_data. A cache with a constructor gets a WARN: objects that went
/// through the reserve would not be constructed again.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_alloc_slab(gfp_mask: gfp_t, pool_data: *mut c_void) -> *mut c_void {
    let Some(cache) = self::cache(pool_data.cast()) else { return null_mut() };
    cache.warn_constructor();
    cache.alloc(gfp_mask)
}

/// Frees what mempool_alloc_slab() gave.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_free_slab(element: *mut c_void, pool_data: *mut c_void) {
    kmem_cache_free(pool_data.cast(), element);
}

/// A pool of a cache's objects in the caller's memory; 0 or a negative errno. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_init_slab_pool(pool: *mut Mempool, min_nr: c_int, kc: *mut KmemCache) -> c_int {
    mempool_init(pool, min_nr, Some(mempool_alloc_slab), Some(mempool_free_slab), kc.cast())
}

/// A new pool of a cache's objects; NULL on failure. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_create_slab_pool(min_nr: c_int, kc: *mut KmemCache) -> *mut Mempool {
    mempool_create(min_nr, Some(mempool_alloc_slab), Some(mempool_free_slab), kc.cast())
}
