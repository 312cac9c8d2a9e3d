//! What a signal handler can't finish: an element that it gives back while the pool's lock is busy, perhaps
//! held by the thread that it interrupted, and the news for those who wait. Both are left until that thread
//! leaves the library. Knows no lock, no queue and no source.
//!
//! | word | meaning |
//! |---|---|
//! | a pool's `late` | NULL, or an element on its way into the reserve, marked as if it were there |
//! | POOLS | NULL, or a pool that is to be looked at; set by handlers, cleared with the pools' list open |
//! | ALL true | so are all pools that somebody waits at: there was no room for one of them |
//! | REST true | some pool's `late` may have held elements that were looked at, and had to stay |
//!
//! An element is left first and the pool noted then; who looks takes the note first and the elements then.
//! Both orders are SeqCst: so a note that is found standing is followed by a look at the element.
#![forbid(unsafe_code)]

use super::raw::{self, Mempool};
use super::waiting::Open;
use crate::sync::inside::{Late, run_outside};
use core::ffi::c_void;
use core::ptr::{self, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::*};

/// Elements that a pool has room for here.
pub const MOST: usize = 8;

static POOLS: [AtomicPtr<Mempool>; 8] = [const { AtomicPtr::new(null_mut()) }; 8];
static ALL: AtomicBool = AtomicBool::new(false);
static REST: AtomicBool = AtomicBool::new(false);

/// Leaves an element that is marked already; false when there is no room.
pub fn leave(pool: &Mempool, element: *mut c_void, look: fn()) -> bool {
    let place = pool.late.iter().find(|slot| slot.compare_exchange(null_mut(), element, SeqCst, Relaxed).is_ok());
    let Some(place) = place else { return false };
    // Without a note it must not stay, unless somebody has taken it in already.
    note(pool, look) || place.compare_exchange(element, null_mut(), SeqCst, Relaxed).is_err()
}

/// Has `look` run when this thread has left the library, to look at the pool, which somebody waits at.
pub fn note_waited_at(pool: &Mempool, look: fn()) {
    if !note(pool, look) {
        ALL.store(true, SeqCst);
        run_outside(Late::Pools, look);
    }
}

/// Are all such pools to be looked at?
pub fn are_all() -> bool {
    ALL.swap(false, SeqCst)
}

/// The same as `note_waited_at` for any pool; false when there is no room.
fn note(pool: &Mempool, look: fn()) -> bool {
    let pool = ptr::from_ref(pool).cast_mut();
    let noted = POOLS.iter().any(|slot| match slot.compare_exchange(null_mut(), pool, SeqCst, SeqCst) {
        Ok(_) => true,
        Err(there) => there == pool,
    });
    if noted {
        run_outside(Late::Pools, look);
    }
    noted
}

/// A pool to look at, which can't end while the list is open.
pub fn noted(_open: &Open) -> Option<&Mempool> {
    let pool = POOLS.iter().map(|slot| slot.swap(null_mut(), SeqCst)).find(|pool| !pool.is_null());
    pool.map(raw::pool_ref)
}

/// Nobody is to look at this pool any more: it ends.
pub fn forget(pool: &Mempool, _open: &Open) {
    let pool = ptr::from_ref(pool).cast_mut();
    POOLS.iter().for_each(|slot| {
        let _ = slot.compare_exchange(pool, null_mut(), SeqCst, Relaxed);
    });
}

/// Leaves what is there to whoever calls next, or ends the pool. Under the pool's lock.
pub fn leave_rest(pool: &Mempool) {
    if has_any(pool) {
        REST.store(true, Relaxed);
    }
}

pub fn has_any(pool: &Mempool) -> bool {
    pool.late.iter().any(|slot| !slot.load(SeqCst).is_null())
}

/// Was that ever necessary? It is hardly ever, so nobody takes it back. Relaxed: who misses it has a next call.
pub fn is_rest_left() -> bool {
    REST.load(Relaxed)
}

/// Takes one element that was left; it is still marked.
pub fn take(pool: &Mempool) -> Option<*mut c_void> {
    pool.late.iter().map(|slot| slot.swap(null_mut(), SeqCst)).find(|left| !left.is_null())
}
