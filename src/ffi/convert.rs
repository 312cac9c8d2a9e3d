//! Pointers from C into references and indices, and the reports when they are none. The safety rule
//! of the whole room stands here once: the C caller passes NULL, or a live object of the type that
//! the prototype names. Knows no operation.

use super::pressure::mempool_bulk_shrinker;
use super::requests::{mempool_bulk_request, timespec};
use crate::arena::map::{self, Page};
use crate::error::Error;
use crate::mempool::raw::{Mempool, Request, Slots};
use crate::observe::report;
use crate::pages::Shrinker;
use core::ffi::{c_int, c_uint, c_ulong, c_void};

pub type gfp_t = c_uint;

/// A pool, or a BUG for NULL.
pub fn pool<'a>(pool: *const Mempool) -> Option<&'a Mempool> {
    // SAFETY: the room's rule: a non-NULL pool is a live mempool_t; all its fields are atomics.
    unsafe { pool.as_ref() }.or_else(no_pool)
}

#[cold]
fn no_pool<'a>() -> Option<&'a Mempool> {
    report::bug(format_args!("a NULL pool"));
    None
}

/// A request, or a WARN for NULL.
pub fn request<'a>(request: *mut mempool_bulk_request) -> Option<&'a Request> {
    if request.is_null() {
        report::warn(format_args!("a NULL request"));
    }
    // SAFETY: the room's rule: a non-NULL request is a live structure, which the core sees as its own
    // type of the same layout. Its fields are atomics or change only while it is not queued.
    unsafe { request.cast::<Request>().as_ref() }
}

/// A shrinker; None for NULL.
pub fn shrinker<'a>(shrinker: *mut mempool_bulk_shrinker) -> Option<&'a Shrinker> {
    // SAFETY: the room's rule: a non-NULL shrinker is a live structure, which the core sees as its own type
    // of the same layout. Its fields are atomics or change only while it is not registered.
    unsafe { shrinker.cast::<Shrinker>().as_ref() }
}

/// A time; None for NULL.
pub fn time<'a>(time: *const timespec) -> Option<&'a timespec> {
    // SAFETY: the room's rule.
    unsafe { time.as_ref() }
}

/// A page of ours; NULL is nothing, anything else a BUG.
#[inline(always)]
pub fn page(page: *const Page) -> Option<u32> {
    map::page_index(page).or_else(|| no_page(page))
}

#[cold]
fn no_page(page: *const Page) -> Option<u32> {
    if !page.is_null() {
        report::bug(format_args!("{page:p} is not a page of this library"));
    }
    None
}

/// The page that starts at an address; NULL is nothing, anything else that is no page start a BUG.
pub fn page_of_address(address: c_ulong) -> Option<u32> {
    let p = core::ptr::without_provenance::<c_void>(address as usize);
    let idx = map::index_of_address(p).filter(|_| address as usize % map::PAGE_SIZE == 0);
    if idx.is_none() && address != 0 {
        report::bug(format_args!("{p:p} is not the start of a page of this library"));
    }
    idx
}

/// A page pointer for an index, NULL for none.
#[inline(always)]
pub fn page_ptr(idx: Option<u32>) -> *mut Page {
    idx.map_or(core::ptr::null_mut(), map::page_ptr)
}

/// An address for an index, NULL for none.
pub fn address(idx: Option<u32>) -> *mut c_void {
    idx.map_or(core::ptr::null_mut(), |idx| map::address(idx).cast())
}

/// A C array of `nr` elements, or a WARN when it is NULL although `nr` is not 0.
#[inline(always)]
pub fn slots<T>(array: *mut *mut T, nr: c_uint) -> Option<Slots> {
    // SAFETY: the room's rule: a non-NULL array has `nr` slots that are the call's own.
    unsafe { Slots::new(array.cast(), nr) }.or_else(|| no_array(nr))
}

#[cold]
fn no_array(nr: c_uint) -> Option<Slots> {
    report::warn(format_args!("a NULL array for {nr} elements"));
    None
}

/// The result as C has it: 0 or a negative errno.
pub fn errno(result: Result<(), Error>) -> c_int {
    result.map_or_else(Error::errno, |()| 0)
}
