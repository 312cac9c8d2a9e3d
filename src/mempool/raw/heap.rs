//! Memory of the C library: element arrays, counters, pools of `mempool_create`, the elements of ready-made pools.
//! Knows no reserve.

use super::Mempool;
use crate::mempool::slab::KmemCache;
use crate::sync::stripes;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;

/// A zeroed element array for `capacity` elements; NULL when memory is short.
pub fn new_array(capacity: u32) -> *mut AtomicPtr<c_void> {
    // SAFETY: calloc has no precondition; zeroed pointers are valid.
    unsafe { libc::calloc(2 * capacity as usize, size_of::<AtomicPtr<c_void>>()).cast() }
}

/// Copies `n` slots between arrays.
pub fn copy_slots(from: *mut AtomicPtr<c_void>, to: *mut AtomicPtr<c_void>, n: u32) {
    // SAFETY: the resize that calls this owns `to` and holds the lock of `from`; both have n slots.
    unsafe { core::ptr::copy_nonoverlapping(from, to, n as usize) };
}

pub fn free_array(array: *mut AtomicPtr<c_void>) {
    // SAFETY: the array came from `new_array` (or is NULL) and no longer hangs in any pool.
    unsafe { libc::free(array.cast()) };
}

/// Gives a pool a counter a CPU where it helps; without memory for them it counts in one place.
pub fn add_stripes(pool: &Mempool) {
    let bytes = stripes::bytes();
    if bytes > 0 {
        // SAFETY: aligned to a line and as long as wanted; freed by `drop_stripes` only. `calloc` gives
        // no such alignment, so the memory is zeroed here.
        unsafe {
            let memory = libc::aligned_alloc(64, bytes);
            if !memory.is_null() {
                memory.cast::<u8>().write_bytes(0, bytes);
            }
            libc::free(pool.stripes.replace(memory.cast()).cast());
        }
    }
}

/// Takes the counters away; nobody may be using the pool.
pub fn drop_stripes(pool: &Mempool) {
    // SAFETY: the memory came from `add_stripes`, or is NULL.
    unsafe { libc::free(pool.stripes.replace(null_mut()).cast()) };
}

/// Forgets whatever the memory held before: it is no pool yet.
pub fn forget_stripes(pool: &Mempool) {
    // SAFETY: what was there is not ours to free.
    unsafe { pool.stripes.replace(null_mut()) };
}

/// A zeroed pool on the heap; NULL when memory is short.
pub fn new_pool() -> *mut Mempool {
    // SAFETY: calloc has no precondition.
    unsafe { libc::calloc(1, size_of::<Mempool>()).cast() }
}

/// The pool behind a pointer.
pub fn pool_ref<'a>(pool: *mut Mempool) -> &'a Mempool {
    // SAFETY: callers pass a pool of `new_pool` that is not destroyed while they use it, or one that the open list of
    // pools keeps from ending.
    unsafe { &*pool }
}

pub fn free_pool(pool: *mut Mempool) {
    // SAFETY: the pool came from `new_pool` and its user has given it up.
    unsafe { libc::free(pool.cast()) };
}

/// A value on the heap, for ever or until `c_free`; None when memory is short.
pub fn to_heap(cache: KmemCache) -> Option<*mut KmemCache> {
    let memory: *mut KmemCache = c_alloc(size_of::<KmemCache>(), 16, false).cast();
    // SAFETY: as long as the value, which needs no greater alignment, and ours alone.
    (!memory.is_null()).then(|| unsafe {
        memory.write(cache);
        memory
    })
}

/// An aligned object from the C library, zeroed if so wanted; NULL when memory is short.
pub fn c_alloc(size: usize, align: usize, zero: bool) -> *mut c_void {
    let size = size.max(1);
    // SAFETY: align is a power of two of at least a pointer's size; the object is `size` long.
    unsafe {
        let object = match align {
            0..=16 => libc::malloc(size),
            _ => libc::aligned_alloc(align, size.next_multiple_of(align)),
        };
        if zero && !object.is_null() {
            object.cast::<u8>().write_bytes(0, size);
        }
        object
    }
}

/// Frees what `c_alloc` gave; NULL is allowed.
pub fn c_free(object: *mut c_void) {
    // SAFETY: the user's contract of free: a live object of `c_alloc`, or NULL.
    unsafe { libc::free(object) };
}
