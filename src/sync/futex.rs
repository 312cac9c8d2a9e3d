//! The futex system call, process-private, and the clock: what a model of this room's users must
//! replace, and does (tests/models-waiting). Knows no lock and no queue: only words.

use core::sync::atomic::AtomicU32;
use core::time::Duration;

/// A variable of each thread that needs no look whether it was initialised.
macro_rules! of_each_thread {
    (static $name:ident: $of:ty = $init:expr) => { std::thread_local!(static $name: $of = const { $init }); };
}
pub(crate) use of_each_thread;

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

/// Nanoseconds on a clock that only moves forward.
pub fn now() -> u64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut at) };
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}

/// A place where a model may switch threads.
#[inline(always)]
pub fn point() {}
