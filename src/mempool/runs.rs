//! Requests for neighbouring pages, and pages as plain buffers: for pools of our own pages only.
//! Knows no reserve.
#![forbid(unsafe_code)]

use super::raw::{Mempool, Slots};
use super::{alloc, bulk, pool, ready};
use crate::arena::map::{self, PAGE_SIZE, Page};
use crate::observe::report;
use crate::pages;
use core::cell::RefCell;
use core::ffi::c_void;
use core::ptr::null_mut;

/// Pages that are gathered before their runs are delivered.
const WINDOW: usize = 256;

/// Are the pool's elements pages of ours? WARNs if not.
pub fn has_pages(pool: &Mempool) -> bool {
    let own = ready::kind(pool) == ready::Kind::OwnPages;
    if !own {
        pool::warn_once(pool, pool::WARNED_NOT_PAGES, "buffers and runs need a pool of this library's own pages");
    }
    own
}

/// Fills `slots` with the addresses of pages instead of their `struct page`s.
pub fn buffers_alloc(pool: &Mempool, gfp: u32, slots: Slots) -> bool {
    if !has_pages(pool) {
        return false;
    }
    (0..slots.len()).for_each(|i| slots.set(i, null_mut()));
    let all = bulk::array(pool, gfp, slots);
    for i in 0..slots.len() {
        if let Some(idx) = map::page_index(slots.get(i).cast()) {
            pages::by_address(idx, 0);
            slots.set(i, map::address(idx).cast());
        }
    }
    all
}

/// Gives buffers back; one that is no page start of ours is reported and skipped. A pool of anything
/// else must not get them: its next user would take a `struct page` for an element.
pub fn buffers_free(pool: &Mempool, slots: Slots) {
    if !has_pages(pool) {
        return;
    }
    for i in 0..slots.len() {
        let buffer = slots.get(i);
        match map::index_of_address(buffer) {
            _ if buffer.is_null() => {}
            Some(idx) if buffer.addr() % PAGE_SIZE == 0 => alloc::free(pool, map::page_ptr(idx).cast()),
            _ => report::bug(format_args!("{buffer:p} is not a buffer of this library")),
        }
    }
}

/// Delivers `nr` pages as address-contiguous runs. Runs are found inside windows of pages, so that
/// nothing is allocated; a request of up to `WINDOW` pages is one window.
pub fn runs(pool: &Mempool, gfp: u32, nr: u32, cb: extern "C" fn(*mut Page, u32, *mut c_void), data: *mut c_void) -> bool {
    if !has_pages(pool) {
        return false;
    }
    let gather = RefCell::new(Gather { pages: [0; WINDOW], len: 0 });
    let deliver = || gather.borrow_mut().deliver(cb, data);
    let sink = |page| {
        if gather.borrow().len == WINDOW {
            deliver();
        }
        gather.borrow_mut().add(page);
    };
    let all = bulk::runs(pool, gfp, nr, &sink, &deliver);
    deliver();
    all
}

/// Pages that nobody has got yet. Whoever gathers does not sleep before he has delivered them.
struct Gather {
    pages: [u32; WINDOW],
    len: usize,
}

impl Gather {
    fn add(&mut self, page: *mut Page) {
        if let Some(idx) = map::page_index(page) {
            self.pages[self.len] = idx;
            self.len += 1;
        }
    }

    fn deliver(&mut self, cb: extern "C" fn(*mut Page, u32, *mut c_void), data: *mut c_void) {
        let pages = &mut self.pages[..self.len];
        pages.sort_unstable();
        for run in pages.chunk_by(|a, b| a + 1 == *b) {
            cb(map::page_ptr(run[0]), run.len() as u32, data);
        }
        self.len = 0;
    }
}
