//! Shrinkers: functions of the user's that give cached pages back when a request that may sleep finds none.
//! Knows no depot; no lock is held while one runs.
//!
//! A thread goes through the list and stays at the shrinker that it runs: that one is `active`, and leaves
//! the list only when nobody runs it. So the place in the list is still there when it returns, and
//! whoever unregisters a shrinker waits until it is not used any more. The one exception is a scan that
//! unregisters its own shrinker, which may be gone when it returns: it is not touched then.
//!
//! | word of a shrinker | meaning |
//! |---|---|
//! | active | threads that run it; changed with the lock held |
//! | leaving 1 | somebody unregisters it: nobody begins a scan; changed with the lock held |

use super::scope;
use crate::error::Error;
use crate::gfp::{__GFP_FS, __GFP_IO};
use crate::observe::{hooks, report};
use crate::sync::{Event, Guard, Linked, Links, List, Lock, forks};
use core::cell::Cell;
use core::ffi::c_ulong;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use core::time::Duration;

/// The scan does I/O: only for requests with `__GFP_IO`.
pub const IO: u32 = 1;
/// The scan may enter a file system: only for requests with `__GFP_FS`.
pub const FS: u32 = 2;

pub type Scan = extern "C" fn(shrinker: *mut Shrinker, nr_pages: c_ulong, gfp: u32) -> c_ulong;

/// What C has as `struct mempool_bulk_shrinker`. The first two fields are the user's and do not change
/// while it is registered.
#[repr(C)]
pub struct Shrinker {
    scan: Option<Scan>,
    flags: u32,
    links: Links<Shrinker>,
    active: AtomicU32,
    leaving: AtomicU32,
    _room: [u64; 3],
}

impl Linked for Shrinker {
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

static LOCK: Lock = Lock::new();
static SHRINKERS: List<Shrinker> = List::new();
/// Told when a scan of a leaving shrinker ends.
static ENDED: Event = Event::new();
/// How often a shrinker was run.
pub static SCANS: AtomicU64 = AtomicU64::new(0);

/// What this thread runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    Nothing,
    Scan(*const Shrinker),
    /// A scan that unregistered its own shrinker.
    Gone,
}

thread_local!(static RUNNING: Cell<Running> = const { Cell::new(Running::Nothing) });

/// While a thread ends its storage may be gone: then it runs nothing.
fn running() -> Running {
    RUNNING.try_with(Cell::get).unwrap_or(Running::Nothing)
}

fn set_running(now: Running) {
    let _ = RUNNING.try_with(|cell| cell.set(now));
}

fn find<'g>(guard: &'g Guard<'_>, shrinker: *const Shrinker) -> Option<&'g Shrinker> {
    SHRINKERS.iter(guard).find(|s| ptr::eq(*s, shrinker))
}

/// Adds a shrinker. −EINVAL without a function or with unknown flags, −EBUSY when it is in the list.
pub fn register(shrinker: &Shrinker) -> Result<(), Error> {
    if shrinker.scan.is_none() || shrinker.flags & !(IO | FS) != 0 {
        return Err(Error::Invalid);
    }
    forks::after_fork(forks::Forked::Shrinkers, forget_threads);
    let guard = LOCK.lock();
    if find(&guard, shrinker).is_some() {
        return Err(Error::Busy);
    }
    shrinker.active.store(0, Relaxed);
    shrinker.leaving.store(0, Relaxed);
    hooks::release(ptr::from_ref(shrinker).addr());
    SHRINKERS.push(&guard, shrinker);
    Ok(())
}

/// Takes a shrinker out of the list, when all scans of it have ended but the one that this call is inside.
pub fn unregister(shrinker: &Shrinker) {
    let own = running() == Running::Scan(shrinker);
    let mut mine = false;
    loop {
        let interest = ENDED.interest();
        let guard = LOCK.lock();
        let found = find(&guard, shrinker).filter(|s| mine || s.leaving.load(Relaxed) == 0);
        let Some(found) = found else {
            drop(guard);
            return report::warn(format_args!("shrinker {shrinker:p} is not registered, or being unregistered already"));
        };
        found.leaving.store(1, Relaxed);
        mine = true;
        if found.active.load(Relaxed) == u32::from(own) {
            SHRINKERS.remove(&guard, found);
            break;
        }
        drop(guard);
        interest.sleep(Duration::from_secs(60));
    }
    hooks::acquire(ptr::from_ref(shrinker).addr());
    if own {
        set_running(Running::Gone);
    }
}

/// Runs each shrinker that the mask allows once, asking for `nr` pages; how many they gave in all. None when
/// there is none to run, and inside a scan: there is no reclaim in reclaim.
pub fn scan(nr: u64, gfp: u32) -> Option<u64> {
    if SHRINKERS.is_empty() || running() != Running::Nothing {
        return None;
    }
    let mut given = 0u64;
    let mut next = go_on(ptr::null(), gfp);
    next?;
    while let Some((shrinker, scan)) = next {
        if running() != Running::Gone {
            SCANS.fetch_add(1, Relaxed);
            hooks::acquire(shrinker.addr());
            scope::set_reclaiming(true);
            given = given.saturating_add(scan(shrinker.cast_mut(), nr, gfp));
            scope::set_reclaiming(false);
            hooks::release(shrinker.addr());
        }
        let gone = running() == Running::Gone;
        set_running(Running::Nothing);
        if gone {
            // The place in the list is lost: another round begins at the front.
            return Some(given.max(1));
        }
        next = go_on(shrinker, gfp);
    }
    Some(given)
}

/// Ends the scan of `last`, unless that is NULL, and begins that of the next which the mask allows.
fn go_on(last: *const Shrinker, gfp: u32) -> Option<(*const Shrinker, Scan)> {
    let guard = LOCK.lock();
    let mut rest = SHRINKERS.iter(&guard);
    let ended = if last.is_null() { None } else { rest.find(|s| ptr::eq(*s, last)) };
    let awaited = ended.is_some_and(|s| {
        s.active.fetch_sub(1, Relaxed);
        s.leaving.load(Relaxed) != 0
    });
    let next = rest.find(|s| allows(gfp, s.flags) && s.leaving.load(Relaxed) == 0);
    let next = next.and_then(|s| {
        s.active.fetch_add(1, Relaxed);
        // Before the lock is free: its end may run a function of the user's, which unregisters this one.
        set_running(Running::Scan(s));
        Some((ptr::from_ref(s), s.scan?))
    });
    drop(guard);
    if awaited {
        ENDED.notify();
    }
    next
}

fn allows(gfp: u32, flags: u32) -> bool {
    (flags & IO == 0 || gfp & __GFP_IO != 0) && (flags & FS == 0 || gfp & __GFP_FS != 0)
}

/// In a child: of all scans only that of its one thread goes on, and nobody waits for their end.
fn forget_threads(child: bool) {
    if !child {
        return;
    }
    let guard = LOCK.lock();
    for shrinker in SHRINKERS.iter(&guard) {
        shrinker.active.store((running() == Running::Scan(shrinker)).into(), Relaxed);
        shrinker.leaving.store(0, Relaxed);
    }
    ENDED.forget_sleepers(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::inside::{self, Late, run_outside};

    static SHRINKER: Shrinker =
        Shrinker { scan: Some(scans), flags: 0, links: Links::new(), active: AtomicU32::new(0), leaving: AtomicU32::new(0), _room: [0; 3] };
    static CALLS: AtomicU32 = AtomicU32::new(0);

    extern "C" fn scans(_shrinker: *mut Shrinker, _nr_pages: c_ulong, _gfp: u32) -> c_ulong {
        CALLS.fetch_add(1, Relaxed);
        1
    }

    /// A function of the user's may run at the end of any section, for a signal handler that came in it.
    #[test]
    fn a_shrinker_may_be_unregistered_before_its_scan_begins() {
        register(&SHRINKER).expect("it is new");
        let section = inside::enter_uncounted();
        run_outside(Late::Report, || unregister(&SHRINKER));
        section.leave_quietly();
        assert_eq!(scan(1, __GFP_IO | __GFP_FS), Some(1));
        assert!(CALLS.load(Relaxed) == 0 && SHRINKERS.is_empty() && running() == Running::Nothing);
    }
}
