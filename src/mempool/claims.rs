//! Elements on their way from the reserve to a callback, which runs with no lock held: what does not fit the stack
//! stays in the upper half of the element array meanwhile. Knows no mask and no user function.
//! Invariant: `claimed` is the sum of what the threads of this process have set aside in the pool and not taken yet.
#![forbid(unsafe_code)]

use super::queue::{self, Entry};
use super::raw::Mempool;
use super::{calls, reserve};
use crate::observe::hooks;
use crate::sync::{Guard, Wakes, forks};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU16, Ordering::*};

/// Elements on their way from the reserve to a callback, which runs without the lock.
pub struct Batch {
    elements: [*mut c_void; 64],
    len: usize,
}

impl Batch {
    pub const fn new() -> Self {
        Batch { elements: [null_mut(); 64], len: 0 }
    }

    fn add(&mut self, element: *mut c_void) {
        self.elements[self.len] = element;
        self.len += 1;
    }

    /// Takes all elements out.
    pub fn drain(&mut self) -> &[*mut c_void] {
        let len = core::mem::take(&mut self.len);
        &self.elements[..len]
    }
}

// Elements that this thread has set aside and not taken yet, in all pools.
thread_local!(static SET_ASIDE: Cell<u32> = const { Cell::new(0) });

fn set_aside(change: impl Fn(u32) -> u32) {
    let _ = SET_ASIDE.try_with(|n| n.set(change(n.get())));
}

/// Changes in a child of fork: what threads had set aside that are not there will not be taken, and must not stand in
/// others' way for ever.
static PROCESS: AtomicU16 = AtomicU16::new(0);

/// What its one thread has set aside itself, in a callback that forks, keeps the place of the others' too.
fn forget_claims(child: bool) {
    if child && SET_ASIDE.try_with(Cell::get) == Ok(0) {
        PROCESS.fetch_add(1, Relaxed);
    }
}

/// Elements that are set aside in this process.
fn claimed(pool: &Mempool, _guard: &Guard<'_>) -> u32 {
    let process = PROCESS.load(Relaxed);
    if pool.claimed_in.load(Relaxed) != process {
        pool.claimed_in.store(process, Relaxed);
        pool.claimed.store(0, Relaxed);
    }
    pool.claimed.load(Relaxed)
}

/// Sets as many of `nr` elements aside for a callback request as `who` may take; how many. The first
/// go into the batch, the others leave the reserve too and wait for `next_claimed`. A caller that may
/// not sleep could not come back for those, so it gets no more than a batch at once.
pub fn claim(pool: &Mempool, who: Option<&Entry>, nr: u32, may_sleep: bool, batch: &mut Batch) -> u32 {
    let Some(guard) = pool.lock.lock_if(may_sleep) else { return 0 };
    let (capacity, claimed) = (pool.capacity.load(Relaxed), claimed(pool, &guard));
    let at_once = batch.elements.len() as u32;
    let n = match queue::allowed(pool, &guard, who, nr) {
        may if !may_sleep => may.min(at_once),
        // No room beside what others have set aside: `next_claimed` will tell.
        may if may > at_once + capacity - claimed => 0,
        may => may,
    };
    let mut claimed_now = 0u32;
    for i in 0..n {
        let Some(element) = reserve::pop(pool, &guard) else { break };
        match i.checked_sub(at_once) {
            None => batch.add(element),
            Some(i) => {
                // For a tool: another claimer may take it on.
                hooks::release(element.addr());
                pool.slot(&guard, capacity + claimed + i).store(element, Relaxed);
            }
        }
        claimed_now += 1;
    }
    let n = claimed_now;
    let later = n.saturating_sub(at_once);
    if later > 0 {
        forks::after_fork(forks::Forked::Claims, forget_claims);
        set_aside(|n| n + later);
        pool.claimed.store(claimed + later, Relaxed);
    }
    queue::took(pool, guard, who, n);
    n
}

/// The next of `left` elements that `claim` set aside. Any of them serves any claimer: each takes as
/// many as it claimed.
pub fn next_claimed(pool: &Mempool, left: u32, batch: &mut Batch) {
    let mut wakes = Wakes::new();
    let guard = pool.lock.lock();
    let capacity = pool.capacity.load(Relaxed);
    for _ in 0..left.min(batch.elements.len() as u32) {
        let claimed = pool.claimed.load(Relaxed) - 1;
        pool.claimed.store(claimed, Relaxed);
        let element = pool.slot(&guard, capacity + claimed).swap(null_mut(), Relaxed);
        hooks::acquire(element.addr());
        batch.add(element);
        set_aside(|n| n.saturating_sub(1));
    }
    calls::tell(pool, &guard, &mut wakes);
    drop(guard);
}
