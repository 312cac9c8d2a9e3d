//! Which threads are inside a section that a lock guards. Two need to know: `fork` (see `forks`), which must not
//! copy a half-done change, and a signal handler, which must not wait for the thread that it interrupted.
//! Knows no lock and nothing that they guard.
//!
//! | word | meaning |
//! |---|---|
//! | depth (of a thread) | sections it is in, and above that those which a fork waits for; only itself looks |
//! | INSIDE | threads in a section that a fork waits for |
//! | FORKING 0 | anybody may enter |
//! | FORKING t | thread t forks: only it enters, the others wait or give up |
//! | LATE | bit n: work n waits for a thread to leave its section |
//!
//! Who enters adds to INSIDE, then looks at FORKING; who forks sets FORKING, then looks at INSIDE: all
//! four are SeqCst, so at least one sees the other.

use super::percpu;
use super::system::Uncancelled;
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*, compiler_fence};
use core::time::Duration;

pub(super) static INSIDE: AtomicU32 = AtomicU32::new(0);
pub(super) static FORKING: AtomicUsize = AtomicUsize::new(0);
static LATE: AtomicU32 = AtomicU32::new(0);
static LATE_WORK: [AtomicUsize; LATE_KINDS] = [const { AtomicUsize::new(0) }; LATE_KINDS];
const LATE_KINDS: usize = Late::Poison as usize + 1;

super::futex::of_each_thread!(static DEPTH: Cell<u32> = Cell::new(0));
super::futex::of_each_thread!(static INTERESTS: Cell<u32> = Cell::new(0));

/// In a depth: one section that a fork waits for. Below it the number of all sections.
const COUNTED: u32 = 1 << 16;

/// This thread is inside a section; dropping it leaves. Sections may end in any order.
pub struct Inside {
    counted: bool,
}

/// Enters a section, before its lock is taken. None when somebody forks and this thread may not wait.
pub fn enter(may_wait: bool) -> Option<Inside> {
    let before = depth();
    let mut inside = enter_uncounted();
    if before < COUNTED {
        // A handler that comes from here on finds a depth and waits for nobody: who forks may wait for us.
        INSIDE.fetch_add(1, SeqCst);
        while !may_pass() {
            INSIDE.fetch_sub(1, SeqCst);
            if !may_wait || before != 0 {
                return None;
            }
            nap();
            INSIDE.fetch_add(1, SeqCst);
        }
    }
    set_depth(depth() + COUNTED);
    inside.counted = true;
    Some(inside)
}

/// Does nobody fork, or this very thread?
fn may_pass() -> bool {
    let forking = FORKING.load(SeqCst);
    forking == 0 || forking == percpu::thread()
}

/// Waits for a fork, or for a section: both are short, but whoever is in one may have been preempted.
pub(super) fn nap() {
    let _uncancelled = Uncancelled::new();
    std::thread::sleep(Duration::from_micros(20));
}

/// Enters a section whose lock a fork takes itself (`percpu::lock_all`): it need not be counted.
pub fn enter_uncounted() -> Inside {
    set_depth(depth() + 1);
    Inside { counted: false }
}

impl Inside {
    /// Leaves what is late to whoever leaves a section next.
    pub fn leave_quietly(self) {
        core::mem::ManuallyDrop::new(self).leave();
    }

    /// How deep this thread is then.
    fn leave(&mut self) -> u32 {
        if self.counted {
            let depth = depth() - COUNTED;
            set_depth(depth);
            if depth < COUNTED {
                INSIDE.fetch_sub(1, Release);
            }
        }
        let depth = depth() - 1;
        set_depth(depth);
        depth
    }
}

impl Drop for Inside {
    /// Leaves; the lock is free already. A handler that comes before the depth is 0 waits for nobody, counts
    /// itself, and leaves its work, which is found here.
    fn drop(&mut self) {
        if self.leave() == 0 && LATE.load(Relaxed) != 0 {
            run_late();
        }
    }
}

/// Is this a signal handler that interrupted its thread inside a section?
pub fn interrupted() -> bool {
    depth() != 0
}

/// Work that may have to wait until no lock is held.
#[derive(Clone, Copy)]
pub enum Late {
    /// Telling those who wait.
    Tell,
    /// Reporting double frees to the user.
    Report,
    /// Reporting memory that could not be locked.
    Unlocked,
    /// What signal handlers left at pools.
    Pools,
    /// Reporting that memory is not shared as it should be.
    Unshared,
    /// Reporting elements that were changed in a reserve.
    Poison,
}

/// Leaves all work that ever was late to whoever leaves a section next: whose it was may not be here.
pub(super) fn leave_all_late() {
    let known = |n: &usize| LATE_WORK[*n].load(Relaxed) != 0;
    LATE.fetch_or((0..LATE_KINDS).filter(known).fold(0, |bits, n| bits | 1 << n), Release);
}

/// Runs `work`, at once or, inside a section, when the thread leaves it. For each kind always the same
/// function.
pub fn run_outside(kind: Late, work: fn()) {
    if interrupted() {
        LATE_WORK[kind as usize].store(work as usize, Relaxed);
        // Release publishes the function; partner: the Acquire in `run_late`.
        LATE.fetch_or(1 << kind as u32, Release);
    } else {
        work();
    }
}

#[cold]
fn run_late() {
    let late = LATE.swap(0, Acquire);
    LATE_WORK.iter().enumerate().filter(|(n, _)| late & 1 << n != 0).for_each(|(_, work)| run(work));
}

fn run(work: &AtomicUsize) {
    let work = work.load(Relaxed);
    if work != 0 {
        // SAFETY: the word holds 0 or what was stored from this very type.
        unsafe { core::mem::transmute::<usize, fn()>(work)() };
    }
}

/// While a thread ends its storage may be gone: then it is in no section.
fn depth() -> u32 {
    DEPTH.try_with(Cell::get).unwrap_or(0)
}

/// The fences are for a signal handler of this thread: it must find the depth before the lock is taken, and
/// until it is free.
fn set_depth(depth: u32) {
    compiler_fence(SeqCst);
    let _ = DEPTH.try_with(|cell| cell.set(depth));
    compiler_fence(SeqCst);
}

/// How many `Interest`s this thread has: in a child they are all that there are.
pub fn own_interests() -> u32 {
    INTERESTS.try_with(Cell::get).unwrap_or(0)
}

/// Counts one more, or one less.
pub fn count_interest(more: bool) {
    let _ = INTERESTS.try_with(|n| n.set(if more { n.get() + 1 } else { n.get().saturating_sub(1) }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_waits_for_the_outermost_section() {
        static DONE: AtomicU32 = AtomicU32::new(0);
        let work = || {
            DONE.fetch_add(1, Relaxed);
        };
        let outer = enter(true).expect("nobody forks");
        let inner = enter(true).expect("nobody forks");
        assert!(interrupted());
        run_outside(Late::Report, work);
        drop(inner);
        assert_eq!(DONE.load(Relaxed), 0);
        drop(outer);
        assert_eq!(DONE.load(Relaxed), 1);
        run_outside(Late::Report, work);
        assert_eq!(DONE.load(Relaxed), 2);
        assert!(!interrupted());
    }

    #[test]
    fn sections_end_in_any_order() {
        let (uncounted, first) = (enter_uncounted(), enter(true).expect("nobody forks"));
        let second = enter(true).expect("nobody forks");
        assert_eq!(depth(), 2 * COUNTED + 3);
        let counted = INSIDE.load(Relaxed);
        drop(first);
        assert!(depth() == COUNTED + 2 && INSIDE.load(Relaxed) == counted);
        drop(uncounted);
        assert!(depth() == COUNTED + 1 && interrupted());
        drop(second);
        assert!(!interrupted());
    }
}
