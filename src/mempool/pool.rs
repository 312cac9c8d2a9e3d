//! The life of a pool: init, create, exit, destroy. Knows no request.
#![forbid(unsafe_code)]

use super::raw::{self, AllocFn, BulkFn, FreeFn, Mempool};
use super::ready::{self, Known};
use super::{alloc, late, poison, queue, reserve, waiting};
use crate::config;
use crate::error::Error;
use crate::gfp::GFP_KERNEL;
use crate::observe::{probe, report};
use crate::pages;
use crate::sync::inside;
use core::ffi::c_void;
use core::iter;
use core::ptr::{self, null_mut};
use core::sync::atomic::Ordering::*;

/// The kernel's limit of one allocation bounds the array of pointers: 4 MiB.
pub const MOST_ELEMENTS: i32 = (4 << 20) / 8;

pub const WARNED_ZERO: u16 = 1;
pub const WARNED_OVERSIZED: u16 = 2;
pub const WARNED_NOT_PAGES: u16 = 4;

/// Sets up a pool whose elements come one by one, and fills its reserve with the caller's mask.
pub fn init(pool: &Mempool, min_nr: i32, alloc: AllocFn, free: FreeFn, data: *mut c_void, gfp: u32, known: &Known) -> Result<(), Error> {
    if alloc.is_none() || free.is_none() {
        return prepare(pool, -1, data); // Invalid, and whatever the memory held, no pool now
    }
    prepare(pool, min_nr, data)?;
    pool.set_functions(alloc, None, free);
    ready::set_own(pool, known.is_own(alloc, free, data));
    if let Some(order) = known.order(alloc, free, data) {
        ready::set_blocks(pool, order);
    }
    poison::watch(pool, known.size(alloc, free, data));
    fill(pool, &|| alloc.map_or(null_mut(), |alloc| alloc(gfp, data)))
}

/// Sets up a pool whose pages come from a bulk function. The reserve is filled page by page from our
/// own allocator, not through that function: users who count what it gives must not count these.
pub fn init_bulk(pool: &Mempool, min_nr: i32, bulk: BulkFn, free: FreeFn, data: *mut c_void, known: &Known) -> Result<(), Error> {
    let own = known.is_own_bulk(bulk, free);
    if !own && (bulk.is_none() || free.is_none()) {
        return prepare(pool, -1, data);
    }
    prepare(pool, min_nr, data)?;
    // A pool of our own pages shows the pair by name, so that C code that looks finds functions.
    let (bulk, free) = if own { known.own } else { (bulk, free) };
    pool.set_functions(None, bulk, free);
    ready::set_own(pool, own);
    poison::watch(pool, None);
    fill(pool, &|| pages::alloc(GFP_KERNEL, 0).map_or(null_mut(), |idx| crate::arena::map::page_ptr(idx).cast()))
}

/// Writes every field: the memory may hold anything before.
fn prepare(pool: &Mempool, min_nr: i32, data: *mut c_void) -> Result<(), Error> {
    pool.curr_nr.store(0, Relaxed);
    pool.elements.store(null_mut(), Relaxed);
    pool.covers.store(0, Relaxed);
    for word in [&pool.capacity, &pool.claimed, &pool.kind] {
        word.store(0, Relaxed);
    }
    [&pool.warned, &pool.claimed_in].iter().for_each(|word| word.store(0, Relaxed));
    queue::reset(pool);
    pool.lock.reset();
    raw::forget_stripes(pool);
    pool.counters.iter().for_each(|c| c.store(0, Relaxed));
    pool.late.iter().for_each(|slot| slot.store(null_mut(), Relaxed));
    if min_nr < 0 {
        return Err(Error::Invalid);
    }
    // Whatever is refused here, memory is short.
    config::read_aids(true).ok_or(Error::NoMemory)?;
    let array = if min_nr > MOST_ELEMENTS { null_mut() } else { raw::new_array(min_nr.max(1) as u32) };
    if array.is_null() {
        return Err(Error::NoMemory);
    }
    pool.elements.store(array, Relaxed);
    pool.capacity.store(min_nr.max(1) as u32, Relaxed);
    pool.min_nr.store(min_nr, Relaxed);
    pool.pool_data.store(data, Relaxed);
    poison::count_pool(true);
    Ok(())
}

fn fill(pool: &Mempool, source: &dyn Fn() -> *mut c_void) -> Result<(), Error> {
    while pool.curr_nr.load(Relaxed) < reserve::wanted(pool) {
        let element = source();
        if element.is_null() {
            end(pool);
            return Err(Error::NoMemory);
        }
        if reserve::put(pool, element) != reserve::Put::Stored {
            end(pool);
            return Err(Error::Invalid);
        }
    }
    if ready::is_own(pool) {
        raw::add_stripes(pool);
    }
    probe::pool_create(ptr::from_ref(pool).cast(), reserve::wanted(pool) as u32);
    Ok(())
}

/// Frees the reserve, last in first out, and the array. Safe on a zeroed pool, and to repeat. Requests
/// that wait (a BUG) are dropped, threads that sleep come back empty-handed. False, and nothing changed, in a
/// child that may not free.
pub fn exit(pool: &Mempool) -> bool {
    if pool.elements.load(Relaxed).is_null() {
        return true;
    }
    if is_refused(pool) {
        return false;
    }
    probe::pool_destroy(ptr::from_ref(pool).cast());
    if pool.waiters.load(Relaxed) != 0 {
        report::bug(format_args!("pool {pool:p} exits while threads or requests wait for its elements"));
    }
    end(pool);
    true
}

fn end(pool: &Mempool) {
    waiting::abandon(pool);
    let left = || iter::from_fn(|| late::take(pool)).find(|element| reserve::unshelve(*element));
    while let Some(element) = reserve::remove(pool).or_else(left) {
        alloc::dispose(pool, element);
    }
    let guard = pool.lock.lock();
    let array = pool.elements.swap(null_mut(), Relaxed);
    pool.capacity.store(0, Relaxed);
    ready::set_own(pool, false);
    drop(guard);
    raw::free_array(array);
    raw::drop_stripes(pool);
    poison::count_pool(false);
}

/// A pool on the heap, set up by `init`; NULL when that fails.
pub fn create(init: impl FnOnce(&Mempool) -> Result<(), Error>) -> *mut Mempool {
    let pool = raw::new_pool();
    if !pool.is_null() && init(raw::pool_ref(pool)).is_err() {
        raw::free_pool(pool);
        return null_mut();
    }
    pool
}

/// Exits a pool of `create` and frees it; NULL is allowed.
pub fn destroy(pool: *mut Mempool) {
    if !pool.is_null() && exit(raw::pool_ref(pool)) {
        raw::free_pool(pool);
    }
}

/// Is the pool initialised, and may this process use it? A BUG if a request meets one that is not.
pub fn usable(pool: &Mempool) -> bool {
    let usable = !pool.elements.load(Relaxed).is_null();
    if !usable {
        report::bug(format_args!("pool {pool:p} was never initialised"));
    }
    usable && !is_refused(pool)
}

/// Are the pool's elements pages, and this a child that may neither allocate nor free any? Then a BUG.
#[inline]
pub fn is_refused(pool: &Mempool) -> bool {
    pages::child::is_one() && has_pages(pool) && pages::child::is_refused()
}

/// A pool with functions of the user's may have any elements: those in the reserve tell. Who may not wait for
/// the lock is told the worst.
#[cold]
fn has_pages(pool: &Mempool) -> bool {
    let known = ready::order(pool).is_some() || ready::kind(pool) == ready::Kind::Bulk;
    known || pool.lock.lock_if(!inside::interrupted()).is_none_or(|guard| reserve::is_withheld(pool, &guard))
}

/// A WARN that each pool gives at most once.
pub fn warn_once(pool: &Mempool, bit: u16, text: &str) {
    if pool.warned.load(Relaxed) & bit == 0 && pool.warned.fetch_or(bit, Relaxed) & bit == 0 {
        report::warn(format_args!("pool {pool:p}: {text}"));
    }
}
