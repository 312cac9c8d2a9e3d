//! The page cache where there are no restartable sections: a small lock a slab, of which a thread uses the one that its
//! pointer hashes to. What `rseq` promises holds here too: an operation happens as a whole on a slab that is not
//! stopped, or not at all. Knows nothing of what the numbers mean.

use super::batch::Batch;
use super::percpu::{in_use, slab, slabs, thread};
use super::slab::{NOTHING, Slab, Stack};

/// Slabs in use. More than CPUs mostly, so that threads seldom meet.
pub const SLABS: usize = 16;

/// This thread's slab; None before `install`.
fn mine() -> Option<&'static Slab> {
    let count = in_use();
    (count != 0).then(|| slab((thread() >> 6).wrapping_mul(0x9e37_79b9) >> 16 & (count - 1)))
}

/// Runs `operation` on this thread's slab unless that is busy or stopped.
fn with_mine<T>(operation: impl FnOnce(&Slab) -> T) -> Option<T> {
    let slab = mine()?;
    let _guard = slab.lock.try_lock_uncounted()?;
    // Under the lock: a drainer that set stop before we got it is seen, one that comes later waits.
    (!slab.stopped()).then(|| operation(slab))
}

#[cold]
pub fn pop_one<S: Stack>() -> u32 {
    let mut one = Batch::new();
    pop::<S>(&mut one, 1);
    one.entries().first().copied().unwrap_or(NOTHING)
}

#[cold]
pub fn len<S: Stack>() -> usize {
    mine().map_or(0, Slab::len::<S>)
}

#[cold]
pub fn popped<S: Stack>() -> u64 {
    mine().map_or(0, Slab::popped::<S>)
}

#[cold]
pub fn run_len() -> u32 {
    mine().map_or(0, Slab::run_len)
}

#[cold]
pub fn take_run(n: u32) -> u32 {
    with_mine(|slab| slab.take_run(n)).unwrap_or(NOTHING)
}

#[cold]
pub fn put_run(first: u32, n: u32) -> bool {
    with_mine(|slab| slab.put_run(first, n)).unwrap_or(false)
}

#[cold]
pub fn pop<S: Stack>(out: &mut Batch, most: usize) {
    out.clear();
    let most = most.min(out.room());
    with_mine(|slab| slab.pop::<S>(out, most));
}

#[cold]
pub fn pop_addresses<S: Stack, T>(out: &mut [*mut T], base: usize) -> usize {
    let mut entries = Batch::new();
    pop::<S>(&mut entries, out.len());
    for (slot, entry) in out.iter_mut().zip(entries.entries()) {
        *slot = core::ptr::with_exposed_provenance_mut(base + ((*entry as usize) << 6));
    }
    entries.entries().len()
}

#[cold]
pub fn push<S: Stack>(entries: &[u32]) -> usize {
    with_mine(|slab| slab.push::<S>(entries.iter().copied())).unwrap_or(0)
}

#[cold]
pub fn push_addresses<S: Stack, T>(addresses: &[*mut T], base: usize) -> usize {
    let entries = addresses.iter().map(|address| ((address.addr() - base) >> 6) as u32);
    with_mine(|slab| slab.push::<S>(entries)).unwrap_or(0)
}

/// Stops the slabs one by one and lends each to `each`; false when some lock stayed busy.
pub fn stop_all(may_sleep: bool, each: &mut dyn FnMut(&Slab)) -> bool {
    let mut all = true;
    for slab in slabs() {
        match slab.lock.lock_if(may_sleep) {
            Some(_guard) => {
                slab.set_stopped(true);
                each(slab);
            }
            None => all = false,
        }
    }
    all
}
