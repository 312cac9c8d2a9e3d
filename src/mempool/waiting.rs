//! The pools that somebody waits at. Whoever gives something back outside a pool, a page to the
//! allocator, finds here whom to wake; and a thread that completes requests may touch their pool only
//! here: a pool with a queue can't be exited, one without may be gone the moment a request completed.
//! Lock order: this lock, then a pool's. Neither is held while a user's function runs.
#![forbid(unsafe_code)]

use super::queue::{self, Entry};
use super::raw::{Mempool, Request};
use super::ready::{self, Kind};
use super::{calls, late, serve};
use crate::pages::RETURNED;
use crate::sync::{Guard, List, Lock, Wakes, forks, inside};
use core::ptr;
use core::sync::atomic::Ordering::*;

static LOCK: Lock = Lock::new();
static POOLS: List<Mempool> = List::new();

/// The pools with a queue, while nobody joins or leaves.
pub struct Open(Guard<'static>);

pub fn open() -> Open {
    Open(LOCK.lock())
}

impl Open {
    pub fn pools(&self) -> impl Iterator<Item = &Mempool> {
        POOLS.iter(&self.0)
    }

    /// Takes an entry out of its pool's queue, both locks held. After that the pool may end.
    pub fn part(&self, pool: &Mempool, guard: &Guard<'_>, entry: &Entry, wakes: &mut Wakes) {
        let request = !entry.request.load(Relaxed).is_null();
        let by_source = !request && entry.missing.load(Relaxed) > 0;
        let blocked = queue::part(pool, guard, entry);
        calls::tell_of_leaving(pool, guard, blocked, by_source, wakes);
        if request {
            count_request(pool, false);
        }
        if pool.queue.is_empty() {
            POOLS.remove(&self.0, pool);
        }
    }
}

/// A request counts as a sleeper of the page allocator while it is queued, if pages can help it: pools
/// with functions of the user's are asked only by who allocates through them (see `serve`).
fn count_request(pool: &Mempool, joins: bool) {
    match ready::kind(pool) {
        Kind::OwnPages if joins => RETURNED.hold(),
        Kind::OwnPages => RETURNED.release(),
        _ => {}
    }
}

/// Queues an entry that misses `missing` elements. Its last try must come after this.
pub fn join(pool: &Mempool, entry: &Entry, missing: u32) {
    RETURNED.listen(page_came_back);
    forks::after_fork(forks::Forked::Pools, forget_threads);
    let open = open();
    let guard = pool.lock.lock();
    if pool.queue.is_empty() {
        POOLS.push(&open.0, pool);
    }
    queue::join(pool, &guard, entry, missing);
    if !entry.request.load(Relaxed).is_null() {
        count_request(pool, true);
    }
}

/// Takes an entry out of the queue, and tells those whom it held up. Nothing for one that `abandon` took out: looked
/// at with the pools open, as that sets it, before the pool is touched.
pub fn leave(pool: &Mempool, entry: &Entry) {
    let mut wakes = Wakes::new();
    let open = open();
    if entry.gone.load(Relaxed) != 0 {
        return;
    }
    let guard = pool.lock.lock();
    open.part(pool, &guard, entry, &mut wakes);
    drop(guard);
    drop(open);
    drop(wakes);
    serve::look(pool);
}

/// Takes a request out of the queue; false when it is in none: it has completed.
pub fn cancel(pool: &Mempool, request: &Request) -> bool {
    let queued = {
        let mut wakes = Wakes::new();
        let open = open();
        let guard = pool.lock.lock();
        let queued = request.is_queued_at(pool);
        if queued {
            open.part(pool, &guard, &request.entry, &mut wakes);
            request.entry.request.store(ptr::null_mut(), Relaxed);
        }
        drop(guard);
        drop(open);
        queued
    };
    serve::look(pool);
    queued
}

/// Empties the queue of a pool that is exited; from here on nobody looks at it.
pub fn abandon(pool: &Mempool) {
    let mut wakes = Wakes::new();
    let open = open();
    let guard = pool.lock.lock();
    late::forget(pool, &open);
    if !pool.queue.is_empty() {
        (0..pool.requests.load(Relaxed)).for_each(|_| count_request(pool, false));
        calls::abandon(pool, &guard, &mut wakes);
        POOLS.remove(&open.0, pool);
    }
    drop(guard);
    drop(open);
}

/// In a child: its one thread may wait, if it forked in a user's function that it had called meanwhile. The
/// others, whose frames hold entries, are not there. Requests are the user's, and stay.
fn forget_threads(child: bool) {
    if !child {
        return;
    }
    let open = open();
    let mut requests = 0;
    for pool in open.pools() {
        queue::forget_threads(pool, &pool.lock.lock());
        let waits_for_pages = matches!(ready::kind(pool), Kind::OwnPages);
        requests += if waits_for_pages { pool.requests.load(Relaxed) } else { 0 };
        if pool.requests.load(Relaxed) != 0 {
            // What a thread that is gone was granted, or gave back and had not told of yet, may be theirs. Not now:
            // `done` is the user's.
            inside::run_outside(inside::Late::Tell, page_came_back);
        }
        if pool.queue.is_empty() {
            POOLS.remove(&open.0, pool);
        }
    }
    RETURNED.forget_sleepers(requests);
}

/// The listener of the page allocator: sleepers ask their sources again, and pages that nobody holds
/// are looked for on behalf of requests.
fn page_came_back() {
    if tell_all(calls::tell_of_page) {
        serve::serve();
    }
}

/// Runs `tell` on each pool that somebody waits at; are there requests among those who wait?
pub fn tell_all(tell: fn(&Mempool, &Guard<'_>, &mut Wakes)) -> bool {
    // Dropped last, so that threads are woken when the locks are free.
    let mut wakes = Wakes::new();
    let open = open();
    let mut requests = 0;
    for pool in open.pools() {
        tell(pool, &pool.lock.lock(), &mut wakes);
        requests |= pool.requests.load(Relaxed);
    }
    requests != 0
}
