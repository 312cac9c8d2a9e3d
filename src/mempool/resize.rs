//! Changing `min_nr` while the pool is in use, and topping the reserve up. The lock is dropped around
//! every user function, so each loop looks at the pool afresh. Knows no request.
#![forbid(unsafe_code)]

use super::raw::{self, Mempool};
use super::reserve::{self, Put};
use super::{alloc, pool, serve};
use crate::error::Error;
use crate::gfp::GFP_KERNEL;
use crate::observe::report;
use core::sync::atomic::Ordering::*;

pub fn resize(pool: &Mempool, new_min_nr: i32) -> Result<(), Error> {
    if new_min_nr <= 0 {
        report::warn(format_args!("mempool_resize to {new_min_nr}"));
        return Err(Error::Invalid);
    }
    if !pool::usable(pool) {
        return Err(Error::Invalid);
    }
    if new_min_nr <= pool.min_nr.load(Relaxed) {
        shrink(pool, new_min_nr);
        return Ok(());
    }
    if new_min_nr > pool::MOST_ELEMENTS {
        return Err(Error::NoMemory);
    }
    if grow_array(pool, new_min_nr)? {
        refill(pool, GFP_KERNEL);
    }
    Ok(())
}

/// Frees what is too much, then lowers `min_nr`. The array keeps its size.
fn shrink(pool: &Mempool, new_min_nr: i32) {
    loop {
        let guard = pool.lock.lock();
        if new_min_nr > pool.min_nr.load(Relaxed) {
            return;
        }
        if pool.curr_nr.load(Relaxed) <= new_min_nr {
            pool.min_nr.store(new_min_nr, Relaxed);
            // A request that is larger than the reserve now may take what there is.
            pool.least.store(0, Relaxed);
            break;
        }
        // Under the same hold of the lock: two shrinks must not both take the last one too many.
        let element = reserve::pop(pool, &guard);
        drop(guard);
        if let Some(element) = element {
            alloc::dispose(pool, element);
        }
    }
    serve::gave(pool);
}

/// Publishes a larger array. False when somebody else grew the pool at least as far meanwhile.
fn grow_array(pool: &Mempool, new_min_nr: i32) -> Result<bool, Error> {
    let new = new_min_nr as u32;
    let array = raw::new_array(new);
    if array.is_null() {
        return Err(Error::NoMemory);
    }
    let guard = pool.lock.lock();
    if new_min_nr <= pool.min_nr.load(Relaxed) {
        drop(guard);
        raw::free_array(array);
        return Ok(false);
    }
    let old = pool.elements.load(Relaxed);
    let (capacity, claimed) = (pool.capacity.load(Relaxed), pool.claimed.load(Relaxed));
    // After a shrink the old array may be larger than the new minimum: keep the larger capacity.
    if new > capacity {
        raw::copy_slots(old, array, pool.curr_nr.load(Relaxed) as u32);
        raw::copy_slots(old.wrapping_add(capacity as usize), array.wrapping_add(new as usize), claimed);
        pool.elements.store(array, Relaxed);
        pool.capacity.store(new, Relaxed);
    }
    pool.min_nr.store(new_min_nr, Relaxed);
    drop(guard);
    raw::free_array(if new > capacity { old } else { array });
    Ok(true)
}

/// Adds elements until the reserve is full or `alloc` gives no more; how many. Whoever waits is told.
pub fn refill(pool: &Mempool, gfp: u32) -> i32 {
    if !pool::usable(pool) {
        return 0;
    }
    let added = top_up(pool, gfp, &|| true);
    // Time alone may have let somebody else take what the reserve has.
    serve::gave(pool);
    added
}

/// The same while `wanted`.
pub fn top_up(pool: &Mempool, gfp: u32, wanted: &dyn Fn() -> bool) -> i32 {
    let mut added = 0;
    while reserve::is_short(pool) && wanted() {
        let element = alloc::element(pool, gfp, gfp);
        if element.is_null() {
            break;
        }
        match reserve::put(pool, element) {
            Put::Stored => added += 1,
            Put::Full => {
                alloc::dispose(pool, element);
                break;
            }
            Put::Gone => break,
        }
        serve::gave(pool);
    }
    added
}
