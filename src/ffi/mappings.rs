//! Pages side by side at one address, for the kernel's `vmap` and its like. Knows no pool.

use super::convert;
use crate::arena::map::Page;
use crate::mempool::raw;
use crate::observe::report;
use crate::pages::vmap;
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::{null_mut, with_exposed_provenance_mut};

/// The mapping can't be written through.
pub const MEMPOOL_BULK_VMAP_READONLY: u32 = 1 << 0;
/// mempool_bulk_vfree() puts the pages and gives the array to free().
pub const MEMPOOL_BULK_VMAP_PUT_PAGES: u32 = 1 << 1;

/// One address for nr held pages, side by side in the array's order, a page any number of times. Pages whose
/// addresses follow each other have one already, and get that; others, and with MEMPOOL_BULK_VMAP_READONLY all,
/// are mapped a second time, which takes shared memory: NULL and one WARN without MEMPOOL_BULK_MEMFD. NULL too
/// when the process may have no more address space or mappings. Takes no reference: unmap pages before you free
/// them. NULL and a report for nr 0, for unknown flags, and for what is no page, or free. May sleep.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_vmap(pages: *mut *mut Page, nr: c_uint, flags: c_uint) -> *mut c_void {
    if flags & !(MEMPOOL_BULK_VMAP_READONLY | MEMPOOL_BULK_VMAP_PUT_PAGES) != 0 {
        report::warn(format_args!("mempool_bulk_vmap: unknown flags {flags:#x}"));
        return null_mut();
    }
    let Some(mut slots) = convert::slots(pages, nr) else { return null_mut() };
    let list = if flags & MEMPOOL_BULK_VMAP_PUT_PAGES != 0 { pages.expose_provenance() } else { 0 };
    vmap::map(slots.pages(), flags & MEMPOOL_BULK_VMAP_READONLY == 0, list).map_or(null_mut(), with_exposed_provenance_mut)
}

/// Ends a mapping, whose pages stay as they are. addr is what mempool_bulk_vmap() returned, nr how many
/// pages it was given, or -1 for however many. NULL does nothing; what is no such mapping, or was one, gets
/// a WARN.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_vunmap(addr: *const c_void, nr: c_int) {
    if !addr.is_null() {
        vmap::unmap(addr.addr(), usize::try_from(nr).ok());
    }
}

/// Ends a mapping and, if it was made with MEMPOOL_BULK_VMAP_PUT_PAGES, drops a reference of each page and frees
/// the array. False when addr is NULL, or no mapping and no page's address; then it was not touched. A page's
/// address that is no mapping is a BUG, and true.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_vfree(addr: *const c_void) -> bool {
    let list = vmap::free(addr.addr());
    raw::c_free(with_exposed_provenance_mut(list.unwrap_or(0)));
    list.is_some()
}

/// Does addr lie inside a mapping that lives?
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_is_vmapped(addr: *const c_void) -> bool {
    vmap::page_at(addr.addr()).is_some()
}

/// The page behind an address inside a mapping; NULL and a BUG for any other.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_vmapped_page(addr: *const c_void) -> *mut Page {
    let page = vmap::page_at(addr.addr());
    if page.is_none() {
        report::bug(format_args!("{addr:p} is in no mapping of vmap()"));
    }
    convert::page_ptr(page)
}
