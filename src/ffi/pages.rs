//! Pages one at a time and in blocks, under the kernel's names. Knows no pool.

use super::convert::{self, gfp_t};
use crate::arena::map::{self, PAGE_SIZE, Page};
use crate::gfp::{__GFP_ZERO, of_user};
use crate::observe::report;
use crate::pages;
use core::ffi::{c_int, c_uint, c_ulong, c_void};
use core::ptr::null_mut;

pub type NodeMask = c_void;

/// Allocates 2^order contiguous pages, order 0 to 10. Sleeps only with __GFP_DIRECT_RECLAIM. NULL when
/// the process may have no more memory or the mask may not wait for it. Free with __free_pages().
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages(gfp: gfp_t, order: c_uint) -> *mut Page {
    convert::page_ptr(pages::alloc(of_user(gfp), order))
}

/// The same; twin of kernels with allocation profiling.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_noprof(gfp: gfp_t, order: c_uint) -> *mut Page {
    alloc_pages(gfp, order)
}

/// Allocates one page: alloc_pages() of order 0.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_page(gfp: gfp_t) -> *mut Page {
    pages::alloc_one(of_user(gfp))
}

/// alloc_pages() near a node; the mask of nodes is accepted and has no effect.
#[unsafe(no_mangle)]
pub extern "C" fn __alloc_pages(gfp: gfp_t, order: c_uint, _preferred_nid: c_int, _nodemask: *const NodeMask) -> *mut Page {
    convert::page_ptr(pages::alloc(of_user(gfp), order))
}

/// alloc_pages() on a node; -1 is the local one.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_node(_nid: c_int, gfp: gfp_t, order: c_uint) -> *mut Page {
    convert::page_ptr(pages::alloc(of_user(gfp), order))
}

/// Drops one reference of a block of 2^order pages; the last one frees it. Never sleeps for memory.
/// NULL does nothing. A page freed twice, a wrong order, or no page of ours is a BUG.
#[unsafe(no_mangle)]
pub extern "C" fn __free_pages(page: *mut Page, order: c_uint) {
    if let Some(idx) = convert::page(page) {
        pages::free(idx, order);
    }
}

/// __free_pages() of order 0.
#[unsafe(no_mangle)]
pub extern "C" fn __free_page(page: *mut Page) {
    pages::free_one(page);
}

/// Frees the block of 2^order pages that starts at an address; 0 does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn free_pages(addr: c_ulong, order: c_uint) {
    if let Some(idx) = convert::page_of_address(addr) {
        pages::free(idx, order);
    }
}

/// Frees the page that starts at an address; 0 does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn free_page(addr: c_ulong) {
    free_pages(addr, 0);
}

/// The address of a new block of 2^order pages, 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn __get_free_pages(gfp: gfp_t, order: c_uint) -> c_ulong {
    let idx = pages::alloc(of_user(gfp), order).inspect(|idx| pages::by_address(*idx, order));
    convert::address(idx).expose_provenance() as c_ulong
}

/// The address of a new page, 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn __get_free_page(gfp: gfp_t) -> c_ulong {
    __get_free_pages(gfp, 0)
}

/// The address of a new page of zeros, 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn get_zeroed_page(gfp: gfp_t) -> c_ulong {
    __get_free_pages(gfp | __GFP_ZERO, 0)
}

/// As many neighbouring pages as size bytes need; NULL on failure, for 0 bytes and above 4 MiB.
#[unsafe(no_mangle)]
pub extern "C" fn alloc_pages_exact(size: usize, gfp: gfp_t) -> *mut c_void {
    convert::address(pages::exact_alloc(of_user(gfp), size))
}

/// Frees what alloc_pages_exact() gave for the same size. A range that is not all ours is a BUG.
#[unsafe(no_mangle)]
pub extern "C" fn free_pages_exact(virt: *mut c_void, size: usize) {
    let Some(idx) = convert::page_of_address(virt.addr() as c_ulong) else { return };
    if size == 0 || map::index_of_address(virt.wrapping_byte_add(size - 1)).is_some_and(|last| last >= idx) {
        pages::exact_free(idx, size);
    } else {
        report::bug(format_args!("{size} bytes at {virt:p} are not all pages of this library"));
    }
}

/// The smallest order whose block holds size bytes; 52 for 0 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn get_order(size: c_ulong) -> c_int {
    let last = (size.wrapping_sub(1)) as usize / PAGE_SIZE;
    (usize::BITS - last.leading_zeros()) as c_int
}

/// Turns a block of 2^order pages, not allocated with __GFP_COMP, into single pages.
#[unsafe(no_mangle)]
pub extern "C" fn split_page(page: *mut Page, order: c_uint) {
    if let Some(idx) = convert::page(page) {
        pages::split(idx, order);
    }
}

/// Takes one more reference.
#[unsafe(no_mangle)]
pub extern "C" fn get_page(page: *mut Page) {
    if let Some(idx) = convert::page(page) {
        pages::get(idx);
    }
}

/// Drops one reference; the last one frees the page, or the whole block of a __GFP_COMP page.
#[unsafe(no_mangle)]
pub extern "C" fn put_page(page: *mut Page) {
    pages::put(page);
}

/// The number of references; 0 for a page that nobody holds.
#[unsafe(no_mangle)]
pub extern "C" fn page_count(page: *const Page) -> c_int {
    convert::page(page).map_or(0, pages::count)
}

/// put_page() for each of nr pages. NULL entries are skipped, bad ones reported and skipped.
#[unsafe(no_mangle)]
pub extern "C" fn release_pages(pages: *mut *mut Page, nr: c_int) {
    if let Some(mut slots) = convert::slots(pages, nr.max(0) as c_uint) {
        pages::put_many(slots.pages());
    }
}

/// The n-th page after a page of the same block.
#[unsafe(no_mangle)]
pub extern "C" fn nth_page(page: *mut Page, n: c_ulong) -> *mut Page {
    page.wrapping_add(n as usize)
}

/// The address of a page's first byte; NULL and a BUG if it is no page of ours.
#[unsafe(no_mangle)]
pub extern "C" fn page_address(page: *const Page) -> *mut c_void {
    convert::address(convert::page(page))
}

/// The page that holds an address; NULL and a BUG if none of ours does.
#[unsafe(no_mangle)]
pub extern "C" fn virt_to_page(addr: *const c_void) -> *mut Page {
    let idx = map::index_of_address(addr);
    if idx.is_none() {
        report::bug(format_args!("{addr:p} is in no page of this library"));
    }
    convert::page_ptr(idx)
}

/// The first page of the __GFP_COMP block that holds an address, else the page itself.
#[unsafe(no_mangle)]
pub extern "C" fn virt_to_head_page(addr: *const c_void) -> *mut Page {
    let page = convert::page(virt_to_page(addr));
    convert::page_ptr(page.map(pages::head_of))
}

/// What virt_to_page() is with MEMPOOL_BULK_FOREIGN_PAGES: a foreign address stands for itself.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_page_or_self(addr: *const c_void) -> *mut Page {
    map::index_of_address(addr).map_or(addr.cast_mut().cast(), map::page_ptr)
}

/// What page_address() is with MEMPOOL_BULK_FOREIGN_PAGES: a foreign pointer stands for itself.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_address_or_self(page: *const Page) -> *mut c_void {
    map::page_index(page).map_or(page.cast_mut().cast(), |idx| map::address(idx).cast())
}

/// A page's number: its distance from the first page.
#[unsafe(no_mangle)]
pub extern "C" fn page_to_pfn(page: *const Page) -> c_ulong {
    convert::page(page).unwrap_or(0).into()
}

/// The page with a number; NULL if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn pfn_to_page(pfn: c_ulong) -> *mut Page {
    let exists = map::existing().is_some() && pfn < u64::from(u32::MAX);
    let page = if exists { map::page_ptr(pfn as u32) } else { null_mut() };
    if map::page_index(page).is_some() { page } else { null_mut() }
}

/// The value that set_page_private() stored, 0 after allocation.
#[unsafe(no_mangle)]
pub extern "C" fn page_private(page: *const Page) -> c_ulong {
    convert::page(page).map_or(0, |idx| pages::private(idx) as c_ulong)
}

/// Stores a value with a page; it is 0 again when the page was freed.
#[unsafe(no_mangle)]
pub extern "C" fn set_page_private(page: *mut Page, private_: c_ulong) {
    if let Some(idx) = convert::page(page) {
        pages::set_private(idx, private_ as usize);
    }
}

/// Before a holder changes flags or mapping of a page directly: what they were after allocation they
/// are again when the page was freed.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_touch_page(page: *mut Page) {
    if let Some(idx) = convert::page(page) {
        pages::touch(idx);
    }
}

/// The order of a __GFP_COMP block, from its first page; 0 for any other page.
#[unsafe(no_mangle)]
pub extern "C" fn compound_order(page: *const Page) -> c_uint {
    convert::page(page).map_or(0, pages::compound_order)
}

/// Until memalloc_noio_restore(), this thread's page requests are made as if without __GFP_IO and
/// __GFP_FS. Returns what to restore. Scopes nest.
#[unsafe(no_mangle)]
pub extern "C" fn memalloc_noio_save() -> c_uint {
    pages::scope_save(pages::NOIO)
}

/// Ends the scope of memalloc_noio_save().
#[unsafe(no_mangle)]
pub extern "C" fn memalloc_noio_restore(flags: c_uint) {
    pages::scope_restore(pages::NOIO, flags);
}

/// The same without __GFP_FS only.
#[unsafe(no_mangle)]
pub extern "C" fn memalloc_nofs_save() -> c_uint {
    pages::scope_save(pages::NOFS)
}

/// Ends the scope of memalloc_nofs_save().
#[unsafe(no_mangle)]
pub extern "C" fn memalloc_nofs_restore(flags: c_uint) {
    pages::scope_restore(pages::NOFS, flags);
}
