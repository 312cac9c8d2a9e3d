//! The page bulk allocator in its array and callback forms, old and new spellings. The array forms
//! return an index: how many slots from the start are populated, those that were before included.
//! Knows no pool.

use super::convert::{self, gfp_t};
use super::pages::NodeMask;
use crate::arena::map::Page;
use crate::gfp::of_user;
use crate::mempool::ready;
use crate::pages::{self, Prefer};
use core::ffi::{c_int, c_ulong, c_void};

/// Fills the NULL slots of an array; 0 for a count of 0, a negative one, or one above INT_MAX.
fn fill(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    if nr_pages == 0 || nr_pages > c_int::MAX as c_ulong {
        return 0;
    }
    convert::slots(page_array, nr_pages as u32).map_or(0, |mut slots| ready::fill(slots.pages(), of_user(gfp)) as c_ulong)
}

/// Fills the NULL slots of page_array with single pages and returns how many slots from its start are
/// populated, those that were before included; so a full array returns nr_pages. Slots that hold a
/// page are left alone. Sleeps only with __GFP_DIRECT_RECLAIM, and then delivers at least one page
/// more unless the process may have none.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// alloc_pages_bulk() as it was called before 6.14.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_array(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// alloc_pages_bulk() on a node; -1 is the local one.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_node(gfp: gfp_t, _nid: c_int, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_node_noprof(gfp: gfp_t, nid: c_int, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    alloc_pages_bulk_node(gfp, nid, nr_pages, page_array)
}

/// alloc_pages_bulk_node() as it was called before 6.14.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_array_node(gfp: gfp_t, nid: c_int, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    alloc_pages_bulk_node(gfp, nid, nr_pages, page_array)
}

/// alloc_pages_bulk() by the thread's memory policy, which the system applies to the whole arena.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_mempolicy(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_mempolicy_noprof(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// alloc_pages_bulk_mempolicy() as it was called before 6.14.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_array_mempolicy(gfp: gfp_t, nr_pages: c_ulong, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages, page_array)
}

/// The function below all array forms since 6.14; nr_pages <= 0 returns 0.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_noprof(gfp: gfp_t, _preferred_nid: c_int, _nodemask: *const NodeMask, nr_pages: c_int, page_array: *mut *mut Page) -> c_ulong {
    fill(gfp, nr_pages.max(0) as c_ulong, page_array)
}

/// Calls cb for each of nr_pages new pages, with no lock held, and returns how often. cb may sleep,
/// allocate and free.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_bulk_cb(gfp: gfp_t, nr_pages: c_ulong, cb: Option<extern "C" fn(page: *mut Page, data: *mut c_void)>, data: *mut c_void) -> c_ulong {
    match cb {
        Some(cb) if nr_pages <= c_int::MAX as c_ulong => {
            pages::for_each(of_user(gfp), Prefer::Cached, nr_pages as u32, |page| cb(page, data)).into()
        }
        _ => 0,
    }
}
