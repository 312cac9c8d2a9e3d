//! Places where a tracer may look in: perf, bpftrace, gdb and SystemTap find them in the library's notes, by the
//! provider `mempool_bulk`. Each is one instruction that does nothing until somebody looks, so the arguments
//! are what the caller has in registers anyway. `mempool_bulk(7)` describes them; a test compares. Knows no
//! pool: those are addresses here.

use core::ffi::c_void;
use probe::probe;

/// A pool was set up, with so many elements in its reserve.
pub fn pool_create(pool: *const c_void, min_nr: u32) {
    probe!(mempool_bulk, pool_create, pool, min_nr);
}

/// A pool is about to end.
pub fn pool_destroy(pool: *const c_void) {
    probe!(mempool_bulk, pool_destroy, pool);
}

/// Elements became a user's.
#[inline(always)]
pub fn hand_out(pool: *const c_void, nr: u64) {
    probe!(mempool_bulk, hand_out, pool, nr);
}

/// Elements came back.
#[inline(always)]
pub fn take_back(pool: *const c_void, nr: u64) {
    probe!(mempool_bulk, take_back, pool, nr);
}

/// Of those handed out, so many are the reserve's.
pub fn reserve_used(pool: *const c_void, nr: u64) {
    probe!(mempool_bulk, reserve_used, pool, nr);
}

/// A thread joined the queue of those who wait, for so many elements.
pub fn wait_begin(pool: *const c_void, missing: u32) {
    probe!(mempool_bulk, wait_begin, pool, missing);
}

/// It left the queue, with all that it wanted or not.
pub fn wait_end(pool: *const c_void, satisfied: bool) {
    probe!(mempool_bulk, wait_end, pool, satisfied);
}

/// The pages of all CPUs' caches were collected; so many are free now.
pub fn drain(pages_free: u32) {
    probe!(mempool_bulk, drain, pages_free);
}

/// The system gave memory for pages.
pub fn commit(first_pfn: u32, nr_pages: u32) {
    probe!(mempool_bulk, commit, first_pfn, nr_pages);
}

/// It refused.
pub fn commit_failed(pages_committed: u32) {
    probe!(mempool_bulk, commit_failed, pages_committed);
}
