//! The reserve: the elements a pool keeps so that a sleeping request can't fail.
//! Invariant: `0 <= curr_nr <= max(1, min_nr)`; only `store` and `pop` below change it once the pool is set up.
//! Our own pages are marked as reserve pages while they lie here, so that freeing one is found out.
//! Who may take is asked of `queue`. Knows no mask and no sleeping.
#![forbid(unsafe_code)]

use super::{finish, late, poison};
use super::queue::{self, Entry};
use super::ready;
use super::raw::{Mempool, Slots};
use crate::arena::map;
use crate::observe::report;
use crate::pages;
use crate::sync::{Guard, inside};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::*, fence};

/// What became of an element that was offered to the reserve.
#[derive(PartialEq, Eq)]
pub enum Put {
    Stored,
    /// The reserve is full: the element is still the caller's.
    Full,
    /// Reported, or only a reference dropped: nothing more to do.
    Gone,
}

/// How many elements belong into the reserve: a pool of minimum zero keeps one.
pub fn wanted(pool: &Mempool) -> i32 {
    pool.min_nr.load(Relaxed).max(1)
}

/// Is there room?
pub fn is_short(pool: &Mempool) -> bool {
    !is_full(pool) && !pool.elements.load(Relaxed).is_null()
}

/// Is there certainly no room? For a pool that is initialised. Looked at without the lock: the fence pairs with that in
/// `pop`, so that an element is never judged against a count from before it was taken, however it came here.
#[inline(always)]
pub fn is_full(pool: &Mempool) -> bool {
    fence(Acquire);
    pool.curr_nr.load(Relaxed) >= wanted(pool)
}

/// May this process take nothing from here? A child whose pages are its parent's too: what lies in this copy
/// of the reserve lies in the parent's. Asked again for each taking, since elements that are no pages may go.
pub fn is_withheld(pool: &Mempool, guard: &Guard<'_>) -> bool {
    pages::child::is_one() && (0..pool.curr_nr.load(Relaxed).max(0) as u32).any(|at| {
        map::page_index(pool.slot(guard, at).load(Relaxed).cast()).is_some()
    })
}

/// Offers an element. The caller tells those who wait afterwards.
pub fn put(pool: &Mempool, element: *mut c_void) -> Put {
    if !poison::is_whole(pool, element) {
        return Put::Gone;
    }
    if !is_short(pool) {
        return Put::Full;
    }
    // Marked before the lock is taken: a refusal is reported, and reports run user code.
    if !suits(pool, element) {
        return Put::Gone;
    }
    let Some(marked) = mark(element) else { return Put::Gone };
    // A signal handler must not wait for the lock that its own thread may hold.
    let stored = match pool.lock.lock_if(!inside::interrupted()) {
        Some(guard) => store(pool, &guard, element),
        None => late::leave(pool, element, finish::look_at_noted),
    };
    if stored {
        return Put::Stored;
    }
    unmark(marked);
    Put::Full
}

/// Stores an element that is marked already; false when there is no room.
pub fn store(pool: &Mempool, guard: &Guard<'_>, element: *mut c_void) -> bool {
    let at = pool.curr_nr.load(Relaxed);
    let fits = at < wanted(pool) && (at as u32) < pool.capacity.load(Relaxed);
    if fits {
        pool.slot(guard, at as u32).store(element, Relaxed);
        pool.curr_nr.store(at + 1, Relaxed);
        poison::enter(pool, element);
    }
    fits
}

/// Takes the most recently added element. A caller that may not sleep sees an empty reserve while the
/// lock stays busy; everybody does while the elements are kept for somebody else.
pub fn take(pool: &Mempool, who: Option<&Entry>, may_sleep: bool) -> Option<*mut c_void> {
    // A waiter must be seen to be short, so it looks under the lock.
    if who.is_none() && pool.curr_nr.load(Relaxed) <= 0 {
        return None;
    }
    let guard = pool.lock.lock_if(may_sleep)?;
    if queue::allowed(pool, &guard, who, 1) == 0 {
        return None;
    }
    let element = pop(pool, &guard);
    queue::took(pool, guard, who, element.is_some().into());
    element
}

/// Takes the most recently added element out for good: for a pool that shrinks or ends.
pub fn remove(pool: &Mempool) -> Option<*mut c_void> {
    let guard = pool.lock.lock();
    pop(pool, &guard)
}

/// Takes the most recently added element out.
pub fn pop(pool: &Mempool, guard: &Guard<'_>) -> Option<*mut c_void> {
    loop {
        let at = pool.curr_nr.load(Relaxed);
        if at <= 0 {
            return None;
        }
        let slot = pool.slot(guard, at as u32 - 1);
        let element = slot.swap(null_mut(), Relaxed);
        pool.curr_nr.store(at - 1, Relaxed);
        // Orders the count before whatever publishes the element, be it a relaxed store; partner: the fence
        // in `is_full`, run by whoever frees it.
        fence(Release);
        // A page that was freed twice as it was put here is somebody else's by now.
        if unshelve(element) {
            poison::leave(pool, element);
            return Some(element);
        }
    }
}

/// Fills the NULL slots, `missing` in number, as far as `who` may; how many were filled.
pub fn take_into(pool: &Mempool, who: Option<&Entry>, slots: &Slots, missing: u32, may_sleep: bool) -> u32 {
    let Some(guard) = pool.lock.lock_if(may_sleep) else { return 0 };
    let n = queue::allowed(pool, &guard, who, missing);
    let n = fill_slots(pool, &guard, slots, n);
    queue::took(pool, guard, who, n);
    n
}

/// Fills the first `n` NULL slots; how many. Fewer than the reserve had only if some were bad.
pub fn fill_slots(pool: &Mempool, guard: &Guard<'_>, slots: &Slots, n: u32) -> u32 {
    let mut filled = 0;
    for i in (0..slots.len()).filter(|i| slots.get(*i).is_null()).take(n as usize) {
        let Some(element) = pop(pool, guard) else { break };
        slots.set(i, element);
        filled += 1;
    }
    filled
}

/// Can a user of this pool take the element for what the pool gives? A BUG if not: a pool of our pages
/// has nothing but our pages, and no smaller blocks than its own.
fn suits(pool: &Mempool, element: *mut c_void) -> bool {
    let Some(order) = ready::order(pool) else { return true };
    match map::page_index(element.cast()) {
        None => report::bug(format_args!("{element:p} is not a page of this library")),
        Some(idx) if order > 0 && pages::order(idx) < order && pages::count(idx) > 0 => {
            report::bug(format_args!("page {idx} freed into a pool of larger blocks"));
        }
        Some(_) => return true,
    }
    false
}

/// An element that is marked as lying in a reserve, if it is one of our pages.
pub struct Marked(Option<u32>);

/// Marks an element before it is stored; None when it must not be.
pub fn mark(element: *mut c_void) -> Option<Marked> {
    let Some(idx) = map::page_index(element.cast()) else {
        if map::in_mem_map(element) {
            report::bug(format_args!("{element:p} points inside a struct page"));
            return None;
        }
        return Some(Marked(None));
    };
    (pages::shelve(idx) == pages::Shelved::Stored).then_some(Marked(Some(idx)))
}

pub fn unmark(marked: Marked) {
    if let Some(idx) = marked.0 {
        pages::unshelve(idx);
    }
}

/// The same for an element without its mark; false when it was freed twice meanwhile.
pub fn unshelve(element: *mut c_void) -> bool {
    map::page_index(element.cast()).is_none_or(pages::unshelve)
}
