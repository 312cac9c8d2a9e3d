//! A small `kmem_cache`: objects of one size and alignment, from the C library's allocator.
//! Knows no pool.
#![forbid(unsafe_code)]

use super::raw;
use crate::gfp::__GFP_ZERO;
use crate::observe::report;
use core::ffi::c_void;
use core::sync::atomic::{AtomicI64, AtomicU32, Ordering::*};

pub type Constructor = Option<extern "C" fn(*mut c_void)>;

pub struct KmemCache {
    pub size: u32,
    align: u32,
    ctor: Constructor,
    in_use: AtomicI64,
    warned: AtomicU32,
}

/// A cache of objects; None for nonsense, or without memory.
pub fn create(size: u32, align: u32, ctor: Constructor) -> Option<*mut KmemCache> {
    let align_ok = align == 0 || (align.is_power_of_two() && align <= 4096);
    let cache = (size > 0 && align_ok).then_some(KmemCache { size, align: align.max(16), ctor, in_use: AtomicI64::new(0), warned: AtomicU32::new(0) });
    cache.and_then(raw::to_heap)
}

/// Gives a cache up, NULL for none; objects that are still out are reported.
pub fn destroy(cache: *mut KmemCache) {
    let in_use = raw::slab_of(cache.cast()).map_or(0, |cache| cache.in_use.load(Relaxed));
    if in_use != 0 {
        report::warn(format_args!("a slab cache is destroyed while {in_use} of its objects are in use"));
    }
    raw::c_free(cache.cast());
}

impl KmemCache {
    /// A pool of constructed objects can't keep its promise: said once a cache.
    pub fn warn_constructor(&self) {
        if self.ctor.is_some() {
            report::warn_limited(&self.warned, 1, format_args!("a pool of a slab cache with a constructor"));
        }
    }

    pub fn alloc(&self, gfp: u32) -> *mut c_void {
        let object = raw::c_alloc(self.size as usize, self.align as usize, gfp & __GFP_ZERO != 0);
        if !object.is_null() {
            self.in_use.fetch_add(1, Relaxed);
            if let Some(ctor) = self.ctor {
                ctor(object);
            }
        }
        object
    }

    pub fn free(&self, object: *mut c_void) {
        if !object.is_null() {
            self.in_use.fetch_sub(1, Relaxed);
            raw::c_free(object);
        }
    }
}
