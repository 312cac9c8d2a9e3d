//! The futex system call, process-private. Knows no lock and no queue: only words.

use core::sync::atomic::AtomicU32;
use core::time::Duration;

/// Sleeps while `word` holds `seen`, at most `timeout`. Returns early on a wake, a signal, or when
/// the word had changed already: every caller looks again.
pub fn wait(word: &AtomicU32, seen: u32, timeout: Option<Duration>) {
    let limit = timeout.map(|t| libc::timespec {
        tv_sec: t.as_secs() as libc::time_t,
        tv_nsec: t.subsec_nanos() as libc::c_long,
    });
    let limit_ptr = limit.as_ref().map_or(core::ptr::null(), |l| l as *const libc::timespec);
    let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: `word` is a live atomic for the whole call and `limit` outlives it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, seen, limit_ptr) };
}

/// Wakes at most `count` sleepers of `word`.
pub fn wake(word: &AtomicU32, count: i32) {
    let op = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the kernel uses the address of a live atomic as a key only.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, count) };
}
