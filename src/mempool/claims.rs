//! Elements on their way from the reserve to a callback, which runs with no lock held: what does not fit the stack
//! stays in the upper half of the element array meanwhile. Knows no mask and no user function.
//! Invariant: `claimed` is the sum of what the threads of this process have set aside in the pool and not taken yet.
#![forbid(unsafe_code)]

use super::queue::{self, Entry};
use super::raw::{self, Mempool};
use super::{calls, reserve};
use crate::observe::hooks;
use crate::sync::{Guard, Wakes, forks};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, null, null_mut};
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

/// What a thread has set aside in a pool, which it is in a call on, and not taken yet.
#[derive(Clone, Copy)]
struct Own {
    pool: *const Mempool,
    left: u32,
}

/// Pools that a thread may be in such a call on, one inside the callback of the other, before some share an entry.
const NESTED: usize = 8;

// The last entry, without a pool, is the one that is shared.
thread_local!(static OWN: Cell<[Own; NESTED]> = const { Cell::new([Own { pool: null(), left: 0 }; NESTED]) });

fn set_aside(pool: &Mempool, more: u32) {
    let _ = OWN.try_with(|cell| {
        let mut all = cell.get();
        let its = all.iter().position(|own| own.left > 0 && ptr::eq(own.pool, pool));
        let at = its.or_else(|| all[..NESTED - 1].iter().position(|own| own.left == 0)).unwrap_or(NESTED - 1);
        all[at] = Own { pool: if at == NESTED - 1 { null() } else { pool }, left: all[at].left + more };
        cell.set(all);
    });
}

fn taken(pool: &Mempool, mut n: u32) {
    let _ = OWN.try_with(|cell| {
        let mut all = cell.get();
        for own in all.iter_mut().filter(|own| own.pool.is_null() || ptr::eq(own.pool, pool)) {
            let part = own.left.min(n);
            own.left -= part;
            n -= part;
        }
        cell.set(all);
    });
}

/// Changes in a child of fork: what threads had set aside that are not there will not be taken, and must not stand in
/// others' way for ever.
static PROCESS: AtomicU16 = AtomicU16::new(0);

/// Leaves what the child's one thread has set aside itself, if it forks in a callback. What it can't tell apart keeps the
/// place of all.
fn forget_claims(child: bool) {
    let Ok(own) = OWN.try_with(Cell::get) else { return };
    if !child || own[NESTED - 1].left > 0 {
        return;
    }
    let process = PROCESS.fetch_add(1, Relaxed).wrapping_add(1);
    for Own { pool, left } in own.into_iter().filter(|own| own.left > 0) {
        let pool = raw::pool_ref(pool.cast_mut());
        pool.claimed.store(left, Relaxed);
        pool.claimed_in.store(process, Relaxed);
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
        set_aside(pool, later);
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
    let n = left.min(batch.elements.len() as u32);
    for _ in 0..n {
        let claimed = pool.claimed.load(Relaxed) - 1;
        pool.claimed.store(claimed, Relaxed);
        let element = pool.slot(&guard, capacity + claimed).swap(null_mut(), Relaxed);
        hooks::acquire(element.addr());
        batch.add(element);
    }
    taken(pool, n);
    calls::tell(pool, &guard, &mut wakes);
    drop(guard);
}
