//! Pages that are set aside: held pages that lie in a pool's reserve, and free ones that wait for the depot.
//! Both are in state RESERVE, so that nobody can free or use them meanwhile. Knows no pool and no lock.

use super::state::{ALLOCATED, FREE, ORDER_SHIFT, RESERVE, STATE, TOUCHED, held, refuse, reset, with_state};
use crate::arena::{Arena, map};
use core::sync::atomic::{AtomicU8, Ordering::*};

/// Marks a free page as waiting for the depot; false when it is not free: somebody freed it too.
pub fn set_aside(arena: &Arena, idx: u32) -> bool {
    arena.state(idx).compare_exchange(FREE, RESERVE, AcqRel, Relaxed).is_ok()
}

/// Ends that.
pub fn take_in(arena: &Arena, idx: u32) {
    arena.state(idx).store(FREE, Relaxed);
}

/// What became of a page that was to be put into a reserve.
#[derive(Debug, PartialEq, Eq)]
pub enum Shelved {
    Stored,
    /// Others hold references too: one was dropped, nothing stored.
    StillShared,
    /// Not a held page; reported.
    Refused,
}

/// Marks a held page as lying in a reserve.
pub fn shelve(arena: &Arena, idx: u32) -> Shelved {
    let state: &AtomicU8 = arena.state(idx);
    let byte = state.load(Relaxed);
    let touched = byte & STATE == TOUCHED;
    if held(byte) && touched && map::page(idx).refcount.load(Relaxed) > 1 {
        return Shelved::StillShared;
    }
    let shelved = match held(byte) {
        true => state.compare_exchange(byte, with_state(byte, RESERVE), AcqRel, Relaxed),
        false => Err(byte),
    };
    if let Err(now) = shelved {
        refuse(idx, now);
        return Shelved::Refused;
    }
    if touched {
        (idx..idx + (1 << (byte >> ORDER_SHIFT))).for_each(reset);
    }
    Shelved::Stored
}

/// Marks a reserve page as held again. False when it is in the reserve no longer: a free at the same time
/// as it was put there took it away.
pub fn unshelve(arena: &Arena, idx: u32) -> bool {
    let state = arena.state(idx);
    let byte = state.load(Relaxed);
    byte & STATE == RESERVE && state.compare_exchange(byte, with_state(byte, ALLOCATED), AcqRel, Relaxed).is_ok()
}
