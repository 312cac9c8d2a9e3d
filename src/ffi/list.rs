//! The bulk form that links pages into a list, and the function below all old forms.
//! Knows no pool.

use super::bulk::{alloc_pages_bulk_cb, alloc_pages_bulk_noprof};
use super::convert::gfp_t;
use super::pages::NodeMask;
use crate::arena::map::Page;
use crate::gfp::of_user;
use crate::pages::{self, Prefer};
use core::ffi::{c_int, c_ulong, c_void};
use core::sync::atomic::Ordering::Relaxed;

/// What C has as `struct list_head`.
#[repr(C)]
pub struct ListHead {
    next: *mut ListHead,
    prev: *mut ListHead,
}

/// Links a page's `lru` before the list's head: at its tail.
fn add_tail(page: *mut Page, list: *mut ListHead) {
    // SAFETY: the list is the caller's, initialised and nobody else's during the call; the page is one of
    // ours that was just handed out, so its lru words are ours to set.
    unsafe {
        let node = (&raw mut (*page).lru).cast::<ListHead>();
        let last = (*list).prev;
        (*page).lru[0].store(list.expose_provenance(), Relaxed);
        (*page).lru[1].store(last.expose_provenance(), Relaxed);
        (*last).next = node;
        (*list).prev = node;
    }
}

/// Links nr_pages new pages by their lru at the tail of an initialised list; how many.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_list(gfp: gfp_t, nr_pages: c_ulong, list: *mut ListHead) -> c_ulong {
    if list.is_null() || nr_pages > c_int::MAX as c_ulong {
        return 0;
    }
    pages::for_each(of_user(gfp), Prefer::Cached, nr_pages as u32, |page| add_tail(page, list)).into()
}

/// All forms in one, as the 2023 series has it: a list wins over an array, an array over cb. In C the
/// name is a macro that also takes the five and six arguments of other kernels.
#[unsafe(no_mangle)]
pub extern "C" fn __alloc_pages_bulk(
    gfp: gfp_t, preferred_nid: c_int, nodemask: *const NodeMask, nr_pages: c_int, page_list: *mut ListHead,
    page_array: *mut *mut Page, cb: Option<extern "C" fn(page: *mut Page, data: *mut c_void)>, data: *mut c_void,
) -> c_ulong {
    if !page_list.is_null() {
        alloc_pages_bulk_list(gfp, nr_pages.max(0) as c_ulong, page_list)
    } else if !page_array.is_null() || cb.is_none() {
        alloc_pages_bulk_noprof(gfp, preferred_nid, nodemask, nr_pages, page_array)
    } else {
        alloc_pages_bulk_cb(gfp, nr_pages.max(0) as c_ulong, cb, data)
    }
}
