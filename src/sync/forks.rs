//! Before and after a fork of this process: nobody is in a section while it is copied, and what only the parent has
//! is forgotten in the child. Knows nothing of what there is to forget: each room says what it does.
//!
//! The thread that forks takes no signals while the process is copied, but those of its own faults. Between two of the
//! steps afterwards the child still believes in threads that it does not have, or in pages that are its parent's; a
//! handler that came then could be given one. Before, while it waits for others, it takes them: who stops all
//! threads by a signal, as a collector of garbage does, may have stopped one of those.
//!
//! The functions of the user's are not run here, though a page may have come back: handlers of others, which hold
//! locks around a fork, have those still. What there is to do is left to this thread's next call.

use super::inside::{self, FORKING, INSIDE, nap};
use super::percpu;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

/// What is done after a fork, besides what is done here.
static AFTER_FORK: [AtomicUsize; 6] = [const { AtomicUsize::new(0) }; 6];

/// Who has something to do after a fork.
#[derive(Clone, Copy)]
pub enum Forked {
    Memory,
    Sleepers,
    Shrinkers,
    Claims,
    Pools,
    /// Takes in what the others left meanwhile: when they need no longer, and it waits for no lock.
    Pages,
}

/// In this order, while the others are kept out.
const BEFORE_OTHERS: [Forked; 5] = [Forked::Memory, Forked::Sleepers, Forked::Shrinkers, Forked::Claims, Forked::Pools];

/// Has `work` run after each fork, in the parent and, with `true`, in the child. For each kind always the
/// same function.
pub fn after_fork(kind: Forked, work: fn(child: bool)) {
    AFTER_FORK[kind as usize].store(work as usize, Relaxed);
}

/// Makes `fork` safe from the first instruction on: registered at first use, it would be too late for a
/// fork at that very moment.
#[used]
#[unsafe(link_section = ".init_array")]
static WATCH_FORKS: extern "C" fn() = watch_forks;

extern "C" fn watch_forks() {
    // SAFETY: the three are plain functions that live as long as the library, which is never unloaded.
    let error = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    WATCHES_FORKS.store(error == 0, Relaxed);
}

static WATCHES_FORKS: AtomicBool = AtomicBool::new(false);

/// Is that so? Tries once more if memory was short then. By one thread at a time.
pub fn watches_forks() -> bool {
    if !WATCHES_FORKS.load(Relaxed) {
        watch_forks();
    }
    WATCHES_FORKS.load(Relaxed)
}

/// The signals that the thread which forks had blocked.
struct Blocked(UnsafeCell<MaybeUninit<libc::sigset_t>>);

// SAFETY: only the thread whose number stands in FORKING touches it, and one at a time has it there.
unsafe impl Sync for Blocked {}

static BLOCKED: Blocked = Blocked(UnsafeCell::new(MaybeUninit::uninit()));

/// Signals that a thread causes itself: blocked, they would end the program, which may have an answer.
const FAULTS: [libc::c_int; 6] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

fn block_signals() -> MaybeUninit<libc::sigset_t> {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: both sets are ours; the first is filled before it is read, the second by the call, which can't fail.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in FAULTS {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    before
}

/// Keeps everybody out, and waits until nobody is inside.
unsafe extern "C" fn prepare() {
    // One step: a signal handler of this thread must not wait for its own fork.
    while FORKING.compare_exchange(0, percpu::thread(), SeqCst, Relaxed).is_err() {
        nap();
    }
    while INSIDE.load(SeqCst) != 0 {
        nap();
    }
    percpu::lock_all();
    let before = block_signals();
    // SAFETY: FORKING is ours.
    unsafe { *BLOCKED.0.get() = before };
}

unsafe extern "C" fn parent() {
    open_again(false);
}

unsafe extern "C" fn child() {
    // Threads that were about to wait for the fork may have been counted, and are not here.
    INSIDE.store(0, Relaxed);
    open_again(true);
}

fn run(kind: Forked, child: bool) {
    let work = AFTER_FORK[kind as usize].load(Relaxed);
    if work != 0 {
        // SAFETY: the word holds 0 or what `after_fork` stored from this very type.
        unsafe { core::mem::transmute::<usize, fn(bool)>(work)(child) };
    }
}

fn open_again(child: bool) {
    // SAFETY: FORKING is ours still.
    let blocked = unsafe { *BLOCKED.0.get() };
    let section = inside::enter_uncounted();
    percpu::unlock_all();
    // The others wait still: with this section around it, a lock would not wait for another fork.
    BEFORE_OTHERS.iter().for_each(|kind| run(*kind, child));
    FORKING.store(0, SeqCst);
    run(Forked::Pages, child);
    if child {
        // A thread that is not here may have had something to tell, of what it gave back.
        inside::leave_all_late();
    }
    section.leave_quietly();
    // SAFETY: filled by `prepare`, in this process or in the one that it is a copy of.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), core::ptr::null_mut()) };
}
