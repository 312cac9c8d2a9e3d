//! What debugging tools are told about pages that change hands, at the price of a look at one word where there
//! are none. With a tool the slabs are stopped from the start (`first`), so each page comes by here.
//! Knows no list and no state.
//!
//! For memcheck two blocks stand for a block of pages that a user holds: its bytes, and its `struct page`s, in
//! which `reserved` has the address of the bytes. So whoever keeps a `struct page` pointer loses neither. Who
//! asked for an address keeps that alone.
//!
//! | reserved | blocks |
//! |---|---|
//! | an address | the bytes and the `struct page`s |
//! | 0 | the bytes |
//! | `NONE` | none: the page lies behind another one whose address the user keeps |

use crate::arena::map::{self, PAGE_SIZE, Page};
use crate::observe::{aids, hooks};
use core::sync::atomic::Ordering::*;

const NONE: usize = 1;

/// Pages have got memory.
pub fn born(first: u32, n: u32) {
    if aids::tools() {
        hooks::forbid(map::address(first).addr(), n as usize * PAGE_SIZE);
    }
}

/// A block of 2^order pages is handed out; `zero`: its user may count on zeros.
#[inline(always)]
pub fn handed_out(idx: u32, order: u32, zero: bool) {
    if aids::tools() {
        given(idx, order, zero);
    }
}

/// A block of 2^order pages was taken back.
#[inline(always)]
pub fn taken_back(idx: u32, order: u32) {
    if aids::tools() {
        taken(idx, order);
    }
}

/// A holder lets go of pages that others may hold still.
#[inline(always)]
pub fn let_go(idx: u32) {
    hooks::release(map::address(idx).addr());
}

#[cold]
fn given(idx: u32, order: u32, zero: bool) {
    let (at, bytes) = (map::address(idx).addr(), PAGE_SIZE << order);
    hooks::acquire(at);
    hooks::begin_block(at, bytes, zero);
    hooks::begin_block(map::page_ptr(idx).addr(), size_of::<Page>() << order, true);
    map::page(idx).reserved.store(if aids::on(aids::MEMCHECK) { at } else { 0 }, Relaxed);
    hooks::allow(at, bytes, zero);
}

#[cold]
fn taken(idx: u32, order: u32) {
    let (at, bytes) = (map::address(idx).addr(), PAGE_SIZE << order);
    hooks::release(at);
    if !forget_structs(idx, order) {
        hooks::end_block(at);
    }
    hooks::forbid(at, bytes);
}

/// The `struct page`s of a block are a block no more, but the library's own. Were its bytes none either?
fn forget_structs(idx: u32, order: u32) -> bool {
    let reserved = if aids::on(aids::MEMCHECK) { map::page(idx).reserved.swap(0, Relaxed) } else { NONE };
    if reserved > NONE {
        hooks::end_block(map::page_ptr(idx).addr());
        hooks::allow_structs(map::page_ptr(idx).addr(), size_of::<Page>() << order);
    }
    reserved == NONE
}

/// The user of a block asked for its address.
pub fn by_address(idx: u32, order: u32) {
    if aids::on(aids::MEMCHECK) {
        forget_structs(idx, order);
    }
}

/// A single page lies behind another one whose address the user asked for.
pub fn behind_another(idx: u32) {
    if aids::on(aids::MEMCHECK) {
        forget_structs(idx, 0);
        hooks::end_block(map::address(idx).addr());
        hooks::allow(map::address(idx).addr(), PAGE_SIZE, true);
        map::page(idx).reserved.store(NONE, Relaxed);
    }
}

/// A block of 2^order pages becomes single ones.
pub fn split(idx: u32, order: u32) {
    if !aids::on(aids::MEMCHECK) {
        return;
    }
    forget_structs(idx, order);
    hooks::end_block(map::address(idx).addr());
    (idx..idx + (1 << order)).for_each(|idx| given(idx, 0, true));
}
