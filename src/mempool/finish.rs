//! Finishing what signal handlers left (see `late`): elements come into the reserve, and who waits is told. By the
//! thread that a handler interrupted, when it leaves the library; what finds no room then is left to the next call.
//! Knows no source.
#![forbid(unsafe_code)]

use super::raw::Mempool;
use super::ready::{self, Kind};
use super::serve::{look, serve};
use super::{alloc, calls, late, reserve, waiting};
use crate::sync::{Guard, Wakes, inside};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering::*;

/// Finishes what signal handlers could not: elements come into the reserve, and who waits is told.
pub fn look_at_noted() {
    if late::are_all() && waiting::tell_all(calls::tell) {
        serve();
    }
    loop {
        let (mut wakes, mut surplus) = (Wakes::new(), [ptr::null_mut(); late::MOST]);
        let open = waiting::open();
        let Some(pool) = late::noted(&open) else { break };
        let guard = pool.lock.lock();
        store_late(pool, &guard);
        // Pages know where they belong. The user's function must not be given the rest here: the call that left it
        // has returned, so the pool may end now, and what the function works on with it.
        if matches!(ready::kind(pool), Kind::OwnPages) {
            surplus.fill_with(|| late_too_many(pool).unwrap_or(ptr::null_mut()));
        } else {
            late::leave_rest(pool);
        }
        calls::tell(pool, &guard, &mut wakes);
        let requests = pool.requests.load(Relaxed);
        drop(guard);
        drop(open);
        drop(wakes);
        surplus.into_iter().filter(|page| !page.is_null() && reserve::unshelve(*page)).for_each(ready::free_own);
        if requests != 0 {
            serve();
        }
    }
}

/// Stores what signal handlers left, as far as there is room.
fn store_late(pool: &Mempool, guard: &Guard<'_>) {
    while !reserve::is_full(pool) {
        let Some(element) = late::take(pool) else { break };
        reserve::store(pool, guard, element);
    }
}

/// For one who is in a call on this pool, which can't end meanwhile: finishes what found no room then.
#[inline(always)]
pub fn what_is_left(pool: &Mempool) {
    if late::is_rest_left() {
        finish_rest(pool);
    }
}

/// Not in a signal handler, whose thread may hold the lock. Who finds it busy leaves the rest where it is once more.
#[cold]
fn finish_rest(pool: &Mempool) {
    while !inside::interrupted() && late::has_any(pool) {
        let mut wakes = Wakes::new();
        let Some(guard) = pool.lock.try_lock_briefly() else { return };
        store_late(pool, &guard);
        let rest = late_too_many(pool);
        calls::tell(pool, &guard, &mut wakes);
        drop(guard);
        drop(wakes);
        if let Some(element) = rest.filter(|element| reserve::unshelve(*element)) {
            alloc::dispose(pool, element);
        }
        look(pool);
    }
}

/// One for which there is no room, as long as the pool's lock is held: what is left while there is some will be stored.
fn late_too_many(pool: &Mempool) -> Option<*mut c_void> {
    if reserve::is_full(pool) { late::take(pool) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfp::GFP_KERNEL;
    use crate::mempool::ready::Known;
    use crate::mempool::{pool, raw};
    use core::sync::atomic::AtomicU32;

    extern "C" fn alloc_one(_gfp: u32, _data: *mut c_void) -> *mut c_void {
        raw::c_alloc(16, 16, false)
    }

    extern "C" fn free_and_count(element: *mut c_void, _data: *mut c_void) {
        raw::c_free(element);
        FREED.fetch_add(1, Relaxed);
    }

    static KNOWN: Known = Known { pages: (None, None), own: (None, None), sized: [(None, None); 2], slab: (None, None) };
    static FREED: AtomicU32 = AtomicU32::new(0);

    /// What a signal handler freed while the reserve was short, and finds it full when its turn comes: whoever looks
    /// at it is in no call on this pool, and must not call its function.
    #[test]
    fn the_user_s_function_is_not_called_for_a_pool_that_may_end() {
        for by_call in [true, false] {
            let memory = raw::new_pool();
            let p = raw::pool_ref(memory);
            pool::init(p, 1, Some(alloc_one), Some(free_and_count), ptr::null_mut(), GFP_KERNEL, &KNOWN).expect("memory");
            FREED.store(0, Relaxed);
            let section = inside::enter(true).expect("nobody forks");
            assert!(late::leave(p, raw::c_alloc(16, 16, false), look_at_noted));
            drop(section);
            assert_eq!((FREED.load(Relaxed), p.curr_nr.load(Relaxed)), (0, 1));
            if by_call {
                alloc::free(p, raw::c_alloc(16, 16, false));
                assert_eq!(FREED.load(Relaxed), 2);
            }
            pool::destroy(memory);
            assert_eq!(FREED.load(Relaxed), if by_call { 3 } else { 2 });
        }
    }
}
