//! Completing requests: there is no thread that waits for them, so whoever makes it possible does it.
//!
//! | who | what it does for queued requests |
//! |---|---|
//! | frees into the pool, refills or resizes it | hands elements of the reserve over |
//! | leaves the queue: a cancelled request, a sleeper that held others up | the same |
//! | gives pages back to the allocator | the same |
//! | allocates through the pool with a mask that may sleep | the same, after asking the pool's own source |
//!
//! All elements come through the reserve, so a request gets all that it misses in one locked step,
//! by the policy of `queue`; with the same step it leaves the queue, so it ends exactly once. The reserve holds
//! `min_nr` at a time, so whoever has emptied it looks for free pages again, until it stays short: else the
//! pages for the next request would lie there, and nobody come to see. Its
//! `done` runs with no lock held. What `done` frees may complete further requests: the outer call does
//! that, never an inner one, so the stack does not grow.
#![forbid(unsafe_code)]

use super::queue::NO_TICKET;
use super::raw::{Done, Mempool};
use super::ready::{self, Kind};
use super::{calls, finish, late, queue, reserve, resize, waiting};
use crate::gfp::{__GFP_NOWARN, PATIENT, may_sleep};
use crate::pages::{self, Prefer};
use crate::sync::{Busy, Wakes, inside};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering::*;

/// Look whether reserves suffice.
pub const RESERVE: u8 = 1;
/// And whether there are pages that nobody holds.
pub const PAGES: u8 = 2;

/// Completes what can be completed.
pub fn serve() {
    serve_own(PAGES, NO_TICKET);
}

/// The same, as far as `what` says. True if the request with ticket `own` was completed: then its `done` did not run.
pub fn serve_own(mut what: u8, own: u64) -> bool {
    let mut own_done = false;
    while what != 0 {
        let Some(busy) = Busy::begin(what) else { break };
        while round(what & PAGES != 0, own, &mut own_done) {}
        what = busy.end();
    }
    own_done
}

/// Fills the reserves if so wanted, and hands out what is there; is another round worth while?
fn round(pages: bool, own: u64, own_done: &mut bool) -> bool {
    let filled = pages && fill_reserves();
    while let Some((ticket, done)) = complete_one() {
        match done {
            _ if ticket == own => *own_done = true,
            Some(done) => done.run(),
            None => {}
        }
    }
    filled
}

/// Completes one request; from then on the request may be gone.
fn complete_one() -> Option<(u64, Option<Done>)> {
    // Dropped last, so that threads are woken when the locks are free.
    let mut wakes = Wakes::new();
    let open = waiting::open();
    for pool in open.pools().filter(|pool| pool.requests.load(Relaxed) != 0) {
        let guard = pool.lock.lock();
        let Some(request) = queue::next_request(pool, &guard) else { continue };
        let completed = (request.entry.ticket.load(Relaxed), request.done());
        open.part(pool, &guard, &request.entry, &mut wakes);
        request.entry.request.store(ptr::null_mut(), Relaxed);
        return Some(completed);
    }
    None
}

/// Pages that are looked for at once.
const BATCH: usize = 64;

/// Moves free pages into the reserves of pools of our own pages that have requests; were there any? Takes only what is there: this may be a thread that frees, so nothing is grown or
/// reclaimed. It does wait for the allocator's locks, else a page could lie unseen.
fn fill_reserves() -> bool {
    let short = {
        let open = waiting::open();
        open.pools().map(|pool| shortage(pool) as usize).sum::<usize>()
    };
    let mut pages = [ptr::null_mut::<c_void>(); BATCH];
    let (mut n, want) = (0, short.min(BATCH));
    if want == 0 {
        return false;
    }
    pages::for_each(PATIENT | __GFP_NOWARN, Prefer::Cached, want as u32, |page| {
        pages[n] = page.cast();
        n += 1;
    });
    let mut left = 0;
    for i in 0..n {
        if !store_somewhere(pages[i]) {
            pages[left] = pages[i];
            left += 1;
        }
    }
    // Not wanted any more. Freeing them leaves this thread a note to look again.
    pages[..left].iter().for_each(|page| ready::free_own(*page));
    n > left
}

fn shortage(pool: &Mempool) -> i32 {
    let concerned = pool.requests.load(Relaxed) != 0 && ready::kind(pool) == Kind::OwnPages && !pages::child::is_one();
    if concerned { (reserve::wanted(pool) - pool.curr_nr.load(Relaxed)).max(0) } else { 0 }
}

fn store_somewhere(page: *mut c_void) -> bool {
    let Some(marked) = reserve::mark(page) else { return false };
    let mut wakes = Wakes::new();
    let open = waiting::open();
    for pool in open.pools().filter(|pool| shortage(pool) > 0) {
        let guard = pool.lock.lock();
        if reserve::store(pool, &guard, page) {
            calls::tell(pool, &guard, &mut wakes);
            return true;
        }
    }
    drop(open);
    reserve::unmark(marked);
    false
}

/// To be told by whoever put elements into a pool's reserve.
pub fn gave(pool: &Mempool) {
    // Who waits joined under the pool's lock before its last look at the reserve, and the elements were
    // put under that lock: so either that look found them, or its count is seen here.
    if pool.waiters.load(Relaxed) == 0 {
        return;
    }
    if inside::interrupted() {
        // A signal handler, whose thread may hold the locks that this takes.
        late::note_waited_at(pool, finish::look_at_noted);
    } else {
        tell(pool);
    }
}

#[cold]
fn tell(pool: &Mempool) {
    let mut wakes = Wakes::new();
    let guard = pool.lock.lock();
    calls::tell(pool, &guard, &mut wakes);
    drop(guard);
    drop(wakes);
    look(pool);
}

/// For one who is in a call on this pool: completes requests if there are any.
pub fn look(pool: &Mempool) {
    if pool.requests.load(Relaxed) != 0 {
        serve();
    }
}

/// For one who allocates through a pool: lets requests that wait have their share first.
pub fn help(pool: &Mempool, mask: u32) {
    finish::what_is_left(pool);
    if pool.requests.load(Relaxed) != 0 && may_sleep(mask) {
        ask_source(pool, mask);
    }
}

/// Asks the pool's source on behalf of its requests.
#[cold]
fn ask_source(pool: &Mempool, mask: u32) {
    // Inside `done` the outer call goes on serving, and asks for nothing on the way.
    let Some(busy) = Busy::begin(0) else { return };
    resize::top_up(pool, mask, &|| pool.requests.load(Relaxed) != 0);
    // Looks for whatever inner calls have asked for, too.
    busy.end();
    serve();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mempool::queue::Entry;
    use crate::mempool::raw;

    /// There is room for eight notes: whoever waits at a ninth pool hears of it too.
    #[test]
    fn nobody_is_forgotten_whatever_a_handler_gives() {
        let (pools, entries): (Vec<_>, Vec<_>) = (0..20).map(|_| (raw::new_pool(), Entry::default())).unzip();
        let pool = |i: usize| raw::pool_ref(pools[i]);
        (0..pools.len()).for_each(|i| waiting::join(pool(i), &entries[i], 1));
        let section = inside::enter(true).expect("nobody forks");
        (0..pools.len()).for_each(|i| gave(pool(i)));
        drop(section);
        let told = |i: &usize| pool(*i).news.load(Relaxed) > 0;
        let n = (0..pools.len()).filter(told).count();
        (0..pools.len()).for_each(|i| waiting::leave(pool(i), &entries[i]));
        pools.iter().for_each(|pool| raw::free_pool(*pool));
        assert_eq!(n, 20);
    }
}
