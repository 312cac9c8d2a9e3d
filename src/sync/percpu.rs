//! The slabs of the page cache and the one choice of how to get at them: restartable sections on the
//! slab of the CPU we run on or, where those don't exist, a small lock on the slab that the thread's
//! pointer hashes to. Both keep the same promise: an operation happens as a whole on one slab that is
//! not stopped, or not at all. Knows nothing of what the numbers mean.
//!
//! Stopping all slabs: set every stop word, then one `membarrier` that aborts all sections. A section
//! that saw stop = 0 has either committed before the barrier returned or been aborted, and starts
//! again on a stop word of 1. With locks it is simpler: stop is set and looked at under the slab's lock.

#[cfg(not(target_arch = "x86_64"))]
use super::rseq_absent as rseq;
#[cfg(target_arch = "x86_64")]
use super::rseq;
use super::batch::Batch;
use super::locked;
use super::slab::{SLAB_SHIFT, Slab, Stack};
use super::system::read;
use core::sync::atomic::{AtomicUsize, Ordering::*};

static SLABS: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Bytes of zeroed memory, aligned to a page, that `install` needs.
pub fn bytes() -> usize {
    slab_count() << SLAB_SHIFT
}

fn slab_count() -> usize {
    possible_cpus().max(locked::SLABS)
}

/// Puts the slabs into use; sections are tried unless `locked_only`. Before this every pop and push
/// fails.
///
/// # Safety
/// `memory` is the address of `bytes()` zeroed bytes, aligned to a page, that are never unmapped and
/// that nobody else uses.
pub unsafe fn install(memory: usize, locked_only: bool) {
    let sections = !locked_only && rseq::install(memory, possible_cpus() as u32);
    let count = if sections { possible_cpus() } else { locked::SLABS };
    SLABS.store(memory, Relaxed);
    // Release pairs with the Acquire in `in_use`.
    COUNT.store(count, Release);
}

/// CPU numbers are below this.
fn possible_cpus() -> usize {
    static FOUND: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *FOUND.get_or_init(|| {
        let mut buffer = [0; 1024];
        let list = read(c"/sys/devices/system/cpu/possible", &mut buffer).unwrap_or_default().trim_ascii();
        let last = list.rsplit(|byte| matches!(byte, b'-' | b',')).next();
        let last = last.and_then(|n| core::str::from_utf8(n).ok()?.parse::<usize>().ok());
        // SAFETY: sysconf has no precondition.
        last.map_or_else(|| unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) }.max(1) as usize, |n| n + 1)
    })
}

/// How many slabs there are; 0 before `install`. Acquire pairs with the Release there.
pub(super) fn in_use() -> usize {
    COUNT.load(Acquire)
}

/// All slabs in use.
pub fn slabs() -> impl Iterator<Item = &'static Slab> {
    (0..in_use()).map(slab)
}

pub(super) fn slab(i: usize) -> &'static Slab {
    // SAFETY: `install`'s caller gave zeroed memory for ever for every slab below COUNT; zero is valid
    // for all fields, and all are atomics.
    unsafe { &*core::ptr::with_exposed_provenance::<Slab>(SLABS.load(Relaxed) + (i << SLAB_SHIFT)) }
}

/// Are restartable sections in use?
pub fn in_sections() -> bool {
    rseq::installed()
}

/// The top entry of this CPU's slab, or `NOTHING`: then `pop_one` is asked. Where there are no sections,
/// this finds nothing without looking whether there are.
#[inline(always)]
pub fn pop_one_fast<S: Stack>() -> u32 {
    rseq::pop_one::<S>()
}

/// The top entry of this thread's slab, or `NOTHING`.
pub fn pop_one<S: Stack>() -> u32 {
    if rseq::installed() { rseq::pop_one::<S>() } else { locked::pop_one::<S>() }
}

/// Puts one entry on this CPU's slab; false when it can't be: then `push_one` is asked.
#[inline(always)]
pub fn push_one_fast<S: Stack>(entry: u32) -> bool {
    rseq::push_one::<S>(entry)
}

/// Puts one entry on this thread's slab; false when it can't be.
pub fn push_one<S: Stack>(entry: u32) -> bool {
    if rseq::installed() { rseq::push_one::<S>(entry) } else { locked::push::<S>(&[entry]) == 1 }
}

/// About how many entries this thread's slab has.
#[inline(always)]
pub fn len<S: Stack>() -> usize {
    if rseq::installed() { rseq::len::<S>() } else { locked::len::<S>() }
}

/// Replaces a batch by up to `most` entries from the top of this thread's slab, in the slab's order.
#[inline(always)]
pub fn pop<S: Stack>(out: &mut Batch, most: usize) {
    if rseq::installed() { rseq::pop::<S>(out, most) } else { locked::pop::<S>(out, most) }
}

/// Moves entries from the top of this thread's slab, in the slab's order, each as the address that lies as
/// many units of 64 bytes behind `base`: up to `out.len()` or a batch; how many. What stands behind these then is anything.
#[inline(always)]
pub fn pop_addresses<S: Stack, T>(out: &mut [*mut T], base: usize) -> usize {
    if rseq::installed() { rseq::pop_addresses::<S, T>(out, base) } else { locked::pop_addresses::<S, T>(out, base) }
}

/// Puts entries on this thread's slab, from the front and as far as they fit; how many.
#[inline(always)]
pub fn push<S: Stack>(entries: &[u32]) -> usize {
    if rseq::installed() { rseq::push::<S>(entries) } else { locked::push::<S>(entries) }
}

/// The same for entries that are the distances of addresses from `base`, in units of 64 bytes.
#[inline(always)]
pub fn push_addresses<S: Stack, T>(addresses: &[*mut T], base: usize) -> usize {
    if rseq::installed() { rseq::push_addresses::<S, T>(addresses, base) } else { locked::push_addresses::<S, T>(addresses, base) }
}

/// About how many entries ever left this thread's slab by a pop.
#[inline(always)]
pub fn popped<S: Stack>() -> u64 {
    if rseq::installed() { rseq::popped::<S>() } else { locked::popped::<S>() }
}

/// About how long this thread's run is.
pub fn run_len() -> u32 {
    if rseq::installed() { rseq::run_len() } else { locked::run_len() }
}

/// Takes `n` neighbours off the end of this CPU's run: the first of them; `NOTHING` when there are fewer: then
/// `take_run` is asked.
#[inline(always)]
pub fn take_run_fast(n: u32) -> u32 {
    rseq::take_run(n)
}

/// Takes `n` neighbours off the end of this thread's run: the first of them; `NOTHING` when there are fewer.
pub fn take_run(n: u32) -> u32 {
    if rseq::installed() { rseq::take_run(n) } else { locked::take_run(n) }
}

/// `put_run` on this CPU's slab; false when it can't be: then `put_run` is asked.
#[inline(always)]
pub fn put_run_fast(first: u32, n: u32) -> bool {
    rseq::put_run(first, n)
}

/// Makes `n` neighbours from `first` on the end of this thread's run, or the run if they are more; false when
/// neither can be.
pub fn put_run(first: u32, n: u32) -> bool {
    if rseq::installed() { rseq::put_run(first, n) } else { locked::put_run(first, n) }
}

/// Stops every slab and lends each that could be stopped to `each`. False when some could not, because
/// the caller may not sleep and their lock stayed busy.
pub fn stop_all(may_sleep: bool, each: &mut dyn FnMut(&Slab)) -> bool {
    if !in_sections() {
        return locked::stop_all(may_sleep, each);
    }
    slabs().for_each(|slab| slab.set_stopped(true));
    if !rseq::abort_all() {
        // Never seen once registration worked; then no slab may be looked at.
        slabs().for_each(|slab| slab.set_stopped(false));
        return false;
    }
    slabs().for_each(each);
    true
}

/// Takes every slab's lock, for a fork: the child must not find one held by a thread that it hasn't. The
/// lock of a slab is never held for long, and nobody who holds one waits for anything.
pub fn lock_all() {
    for slab in slabs() {
        while !slab.lock.try_lock_bare() {
            std::thread::yield_now();
        }
    }
}

pub fn unlock_all() {
    slabs().for_each(|slab| slab.lock.unlock());
}

/// A number that differs between threads.
#[cfg(target_arch = "x86_64")]
pub fn thread() -> usize {
    let pointer: usize;
    // SAFETY: reads the thread pointer, whose first word is its own address on this architecture.
    unsafe { core::arch::asm!("mov {}, qword ptr fs:[0]", out(reg) pointer, options(nostack, readonly, preserves_flags)) };
    pointer
}

#[cfg(not(target_arch = "x86_64"))]
pub fn thread() -> usize {
    std::thread_local!(static HERE: u8 = const { 0 });
    HERE.try_with(|here| core::ptr::from_ref(here).addr()).unwrap_or(0)
}

/// Lets every slab be used again. Only whoever stopped them calls this, after writing their headers.
pub fn resume_all() {
    slabs().for_each(|slab| slab.set_stopped(false));
}

/// Stops every slab for good, what it holds included: in a child, whose one thread does this and is in no
/// section.
pub fn stop_for_good() {
    slabs().for_each(|slab| slab.set_stopped(true));
}
