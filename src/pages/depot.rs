//! The depot: every free page that no slab holds, behind one lock. Every refill, flush, commit and drain
//! happens with it held: `Open` is the proof, its methods in `lists` take and put pages.
//! A signal handler does not wait for it, nor does a thread with a single page: what these free while the
//! lock is busy is left for the holder.
//! Knows no slab and no gfp mask. Calls no user's function while it is open; its end tells sleepers, which may run one.

use super::{MAX_ORDER, RETURNED, child, shelf, state, twice, watched};
use crate::arena::map;
use crate::arena::{Arena, CHUNK_PAGES};
use crate::observe::probe;
use crate::sync::{Guard, Lock, inside};
use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*, fence};

/// List end. Words and pages are stored plus one, so that zeroed memory is an empty list.
pub(super) const NONE: u32 = 0;
/// One an order, and the holes.
const LISTS: usize = MAX_ORDER as usize + 2;
/// First passes that a refusal of the system spares.
const HOPELESS: u32 = 256;
/// Words that may be in transit: eight times what leaves a slab at once.
pub(super) const TRANSIT: usize = 256;
/// Most pages kept back for `__GFP_HIGH` and `__GFP_MEMALLOC`.
const EMERGENCY_MOST: u32 = 1024;

pub struct Depot {
    lock: Lock,
    pub(super) heads: [AtomicU32; LISTS],
    pub(super) free: AtomicU32,
    /// Words on their way from one CPU to another, not in the lists yet; see `transit`.
    pub(super) transit: [AtomicU32; TRANSIT],
    pub(super) in_transit: AtomicU32,
    /// Pages freed while the lock was busy, linked by their `struct page`; see `defer`.
    deferred: AtomicU32,
    /// How many first passes need not ask the system for memory: it refused just now. Changed with the
    /// lock held.
    pub(super) hopeless: AtomicU32,
    /// Chunks that have no memory now; changed with the lock held.
    pub holes: AtomicU32,
    /// All slabs are stopped and empty; changed with the lock held.
    pub pressure: AtomicBool,
    pub commits: AtomicU64,
    pub commit_failures: AtomicU64,
}

/// The depot with its lock held.
pub struct Open {
    pub arena: &'static Arena,
    guard: Option<Guard<'static>>,
    /// Did pages come back from users? Then sleepers are told once the lock is free.
    returned: Cell<bool>,
}

pub static DEPOT: Depot = Depot {
    lock: Lock::new(),
    heads: [const { AtomicU32::new(NONE) }; LISTS],
    free: AtomicU32::new(0),
    transit: [const { AtomicU32::new(0) }; TRANSIT],
    in_transit: AtomicU32::new(0),
    deferred: AtomicU32::new(NONE),
    hopeless: AtomicU32::new(0),
    holes: AtomicU32::new(0),
    pressure: AtomicBool::new(false),
    commits: AtomicU64::new(0),
    commit_failures: AtomicU64::new(0),
};

impl Depot {
    /// Opens the depot; a caller that may not sleep spins briefly and may come away empty-handed. So does a
    /// child whose pages are its parent's too: there nobody touches free pages any more.
    pub fn open(&'static self, arena: &'static Arena, may_sleep: bool) -> Option<Open> {
        if child::is_one() {
            return None;
        }
        let guard = self.lock.lock_if(may_sleep)?;
        let open = Open { arena, guard: Some(guard), returned: Cell::new(false) };
        open.absorb();
        Some(open)
    }

    /// The same to put pages into it. None, but for such a child, only for a signal handler that finds the lock
    /// busy: it may have interrupted the holder.
    pub fn open_to_free(&'static self, arena: &'static Arena) -> Option<Open> {
        self.open(arena, !inside::interrupted())
    }

    /// Leaves a free page for whoever holds the lock, or forks. The fence orders the link before the next
    /// look at the lock; partner: the fence in `Open`'s drop. So either that look finds the lock free, or the
    /// holder finds the page. Until then its state is RESERVE: were it linked twice, the links would be a circle.
    pub fn defer(&self, arena: &Arena, idx: u32) {
        if !shelf::set_aside(arena, idx) {
            return twice::found(idx, 1);
        }
        let link = &map::page(idx).lru[0];
        let mut head = self.deferred.load(Relaxed);
        loop {
            link.store(head as usize, Relaxed);
            // Release publishes the link; partner: the Acquire in `absorb`.
            match self.deferred.compare_exchange_weak(head, idx + 1, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        fence(SeqCst);
    }

    /// Free pages in the lists; a snapshot.
    pub fn free_pages(&self) -> u64 {
        self.free.load(Relaxed).into()
    }

    /// Free blocks of each order, like /proc/buddyinfo; of partly free words only the largest counts.
    pub fn dump(&'static self, w: &mut dyn core::fmt::Write) -> core::fmt::Result {
        let Some(arena) = map::existing() else { return Ok(()) };
        let Some(open) = self.open(arena, false) else { return writeln!(w, "blocks: busy") };
        let mut blocks = [0u32; MAX_ORDER as usize + 1];
        for (head, n) in self.heads.iter().zip(&mut blocks) {
            let mut at = head.load(Relaxed);
            while at != NONE {
                *n += 1;
                at = arena.word(at - 1).next.load(Relaxed);
            }
        }
        // Writing may block for ever: not with the lock.
        drop(open);
        write!(w, "blocks by order:")?;
        blocks.iter().try_for_each(|n| write!(w, " {n}"))?;
        writeln!(w)
    }
}

/// After a fork, first: a child has none of its parent's sleepers. Pools add their requests then.
pub fn forget_sleepers(child: bool) {
    if child {
        RETURNED.forget_sleepers(0);
    }
}

/// After a fork, last: pages that were freed meanwhile wait for somebody who takes them in.
pub fn take_in_deferred(_child: bool) {
    // Partner: the fence in `defer`. Who left a page there looked in vain whether the fork was over, or it is
    // seen here.
    fence(SeqCst);
    if DEPOT.deferred.load(Relaxed) != NONE {
        if let Some(open) = DEPOT.open(&map::ARENA, false) {
            open.note_returned();
        }
    }
}

/// How many pages are kept back: a 128th of the limit.
pub fn emergency_target(arena: &Arena) -> u32 {
    (arena.max_pages() / 128).min(EMERGENCY_MOST)
}

impl Open {
    /// Says that pages came back from users: sleepers are told once the lock is let go.
    pub fn note_returned(&self) {
        self.returned.set(true);
    }

    /// Commits one more chunk, those first that were given back, or what the limit leaves of it. False: the
    /// process may have no more.
    pub fn grow(&self) -> bool {
        let Some((first, n)) = self.refill_hole().or_else(|| self.arena.grow(CHUNK_PAGES)) else {
            DEPOT.commit_failures.fetch_add(1, Relaxed);
            probe::commit_failed(self.arena.committed());
            DEPOT.hopeless.store(HOPELESS, Relaxed);
            return false;
        };
        DEPOT.commits.fetch_add(1, Relaxed);
        probe::commit(first, n);
        DEPOT.hopeless.store(0, Relaxed);
        self.put_new(first, n);
        true
    }

    /// Puts pages in that have just got their memory.
    pub(super) fn put_new(&self, first: u32, n: u32) {
        state::born(self.arena, first, n);
        watched::born(first, n);
        // The odd rest at the limit is put as the aligned blocks that it is made of.
        let (mut at, end) = (first, first + n);
        while at < end {
            let order = at.trailing_zeros().min((end - at).ilog2()).min(MAX_ORDER);
            self.put_block(at, order);
            at += 1 << order;
        }
    }

    /// May the system give more? After a refusal only every so often.
    pub fn is_worth_growing(&self) -> bool {
        let left = DEPOT.hopeless.load(Relaxed);
        DEPOT.hopeless.store(left.saturating_sub(1), Relaxed);
        left == 0
    }

    /// Takes in what was freed while the lock was busy. Who freed it has told those who wait.
    pub(super) fn absorb(&self) {
        if DEPOT.deferred.load(Relaxed) == NONE {
            return;
        }
        let mut at = DEPOT.deferred.swap(NONE, Acquire);
        while at != NONE {
            let next = map::page(at - 1).lru[0].load(Relaxed) as u32;
            shelf::take_in(self.arena, at - 1);
            self.put_page(at - 1);
            at = next;
        }
    }
}

impl Drop for Open {
    /// Lets the lock go, looks once more for pages that were left for its holder, then tells sleepers.
    fn drop(&mut self) {
        loop {
            self.guard = None;
            fence(SeqCst);
            if DEPOT.deferred.load(Relaxed) == NONE {
                break;
            }
            self.guard = DEPOT.lock.try_lock();
            if self.guard.is_none() {
                break;
            }
            self.absorb();
        }
        if self.returned.get() {
            RETURNED.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfp::GFP_KERNEL;
    use crate::observe::report;
    use core::ffi::{c_char, c_void};

    static REPORTS: AtomicU32 = AtomicU32::new(0);

    extern "C" fn count(_kind: i32, _text: *const c_char, _data: *mut c_void) {
        REPORTS.fetch_add(1, Relaxed);
    }

    /// Two frees in the very same nanoseconds may both succeed, and both find the lock busy.
    #[test]
    fn a_page_left_twice_comes_back_once() {
        let idx = map::page_index(crate::pages::alloc_one(GFP_KERNEL)).expect("a page");
        report::set_handler(Some(count), core::ptr::null_mut());
        let open = DEPOT.open(&map::ARENA, true).expect("a caller that waits");
        assert!(state::take_back_fast(map::ARENA.state(idx)));
        DEPOT.defer(&map::ARENA, idx);
        DEPOT.defer(&map::ARENA, idx);
        let before = open.free();
        open.absorb();
        assert_eq!(open.free(), before + 1);
        drop(open);
        assert_eq!(REPORTS.load(Relaxed), 1);
        report::set_handler(None, core::ptr::null_mut());
    }
}
