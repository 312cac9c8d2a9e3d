//! `MEMPOOL_BULK_STATS=1`: the state of the page allocator on stderr when the program ends by `exit` or from `main`.
//! Other threads may still run, and pools may lie in frames that are no more: so no pool is looked at, no lock
//! is waited for, and nothing is allocated. A program that ends so does with its exit status, whoever reads or
//! does not read its stderr.

use crate::config;
use crate::pages;
use crate::sync::system::Fd;
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::ptr::null_mut;

/// Run by the C library after the program's own `atexit` functions, whenever they were registered. Registering a
/// function of ours might allocate, and its place would depend on when the library is first used.
#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = at_exit;

extern "C" fn at_exit() {
    if config::existing().is_some_and(|config| config.stats) {
        without_sigpipe(dump);
    }
}

fn dump() {
    let mut stderr = Fd::new(libc::STDERR_FILENO);
    let _ = writeln!(stderr, "mempool_bulk: at the end of process {}", std::process::id());
    let _ = pages::dump(&mut stderr);
}

/// Runs `f` while writing to a pipe without a reader does not end the program.
fn without_sigpipe(f: fn()) {
    let (mut sigpipe, mut before, mut pending) = (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::uninit());
    let (sigpipe, before, pending) = (sigpipe.as_mut_ptr(), before.as_mut_ptr(), pending.as_mut_ptr());
    // SAFETY: the sets are this frame's and each is filled in before it is read.
    let was_pending = unsafe {
        libc::sigemptyset(sigpipe);
        libc::sigaddset(sigpipe, libc::SIGPIPE);
        libc::sigemptyset(pending);
        libc::pthread_sigmask(libc::SIG_BLOCK, sigpipe, before);
        libc::sigpending(pending);
        libc::sigismember(pending, libc::SIGPIPE) == 1
    };
    f();
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the same sets. Ours, if there was one, is taken before the mask lets it through.
    unsafe {
        if !was_pending {
            libc::sigtimedwait(sigpipe, null_mut(), &now);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before, null_mut());
    }
}
