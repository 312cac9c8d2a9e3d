//! The depot: every free page that no cache holds, as a binary buddy. Invariant: a free block's head
//! has `LISTED | order` in its order byte and hangs in the list of that order; two free buddies of
//! one order never coexist. All methods want the depot lock's guard as proof.
//! Knows no cache and no gfp mask.

use super::{MAX_ORDER, state};
use crate::arena::{Arena, CHUNK_PAGES};
use crate::sync::{Guard, Lock};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Set in the order byte of a free block's head.
const LISTED: u8 = 0x80;
/// List end. Indices are stored plus one, so that zeroed memory is an empty list.
const NONE: u32 = 0;
/// Most pages kept back for `__GFP_HIGH` and `__GFP_MEMALLOC`.
const EMERGENCY_MOST: u32 = 1024;

pub struct Depot {
    lock: Lock,
    heads: [AtomicU32; MAX_ORDER as usize + 1],
    free: AtomicU32,
    emergency_head: AtomicU32,
    emergency: AtomicU32,
    pub commits: AtomicU64,
    pub commit_failures: AtomicU64,
}

/// The depot with its lock held.
pub struct Open<'a> {
    depot: &'a Depot,
    pub arena: &'static Arena,
    _guard: Guard<'a>,
}

pub static DEPOT: Depot = Depot {
    lock: Lock::new(),
    heads: [const { AtomicU32::new(NONE) }; MAX_ORDER as usize + 1],
    free: AtomicU32::new(0),
    emergency_head: AtomicU32::new(NONE),
    emergency: AtomicU32::new(0),
    commits: AtomicU64::new(0),
    commit_failures: AtomicU64::new(0),
};

impl Depot {
    /// Opens the depot; a caller that may not sleep spins briefly and may come away empty-handed.
    pub fn open(&self, arena: &'static Arena, may_sleep: bool) -> Option<Open<'_>> {
        let guard = self.lock.lock_if(may_sleep)?;
        Some(Open { depot: self, arena, _guard: guard })
    }

    /// Free pages in the lists and the emergency reserve; a snapshot.
    pub fn free_pages(&self) -> u64 {
        u64::from(self.free.load(Relaxed)) + u64::from(self.emergency.load(Relaxed))
    }
}

impl Depot {
    /// Free blocks of each order, like /proc/buddyinfo.
    pub fn dump(&self, w: &mut dyn core::fmt::Write) -> core::fmt::Result {
        let Some(arena) = crate::arena::map::existing() else { return Ok(()) };
        let Some(_guard) = self.lock.try_lock_briefly() else { return writeln!(w, "blocks: busy") };
        write!(w, "blocks by order:")?;
        for head in &self.heads {
            let (mut n, mut at) = (0, head.load(Relaxed));
            while at != NONE {
                n += 1;
                at = arena.columns.next[at as usize - 1].load(Relaxed);
            }
            write!(w, " {n}")?;
        }
        writeln!(w)
    }
}

/// How many pages are kept back: a 128th of the limit.
pub fn emergency_target(arena: &Arena) -> u32 {
    (arena.max_pages / 128).min(EMERGENCY_MOST)
}

impl Open<'_> {
    /// Takes one block of 2^order pages from the lists, the smallest that fits.
    pub fn take(&self, order: u32) -> Option<u32> {
        let found = (order..=MAX_ORDER).find(|o| self.head(*o).load(Relaxed) != NONE)?;
        let idx = self.head(found).load(Relaxed) - 1;
        self.unlink(idx, found);
        // The upper halves go back; the lowest part is ours, so runs come out in address order.
        for half in (order..found).rev() {
            self.link(idx + (1 << half), half);
        }
        self.add_free(-(1 << order));
        Some(idx)
    }

    /// Takes up to `out.len()` single pages as few, address-ordered runs; how many.
    pub fn take_run(&self, out: &mut [u32]) -> usize {
        let mut n = 0;
        while n < out.len() {
            let room = (out.len() - n) as u32;
            let want = room.ilog2().min(MAX_ORDER);
            let Some((idx, order)) = (0..=want).rev().find_map(|o| self.take(o).map(|idx| (idx, o))) else { break };
            for (i, slot) in out[n..n + (1 << order)].iter_mut().enumerate() {
                *slot = idx + i as u32;
            }
            n += 1 << order;
        }
        n
    }

    /// Puts a free block back: into the emergency reserve while that is short, else merged with its
    /// free buddies. Its pages' states say FREE or FREE_CLEAN already.
    pub fn put(&self, idx: u32, order: u32) {
        if self.depot.emergency.load(Relaxed) < emergency_target(self.arena) {
            for page in idx..idx + (1 << order) {
                self.put_one(page);
            }
            return;
        }
        self.merge(idx, order);
    }

    fn put_one(&self, idx: u32) {
        if self.depot.emergency.load(Relaxed) >= emergency_target(self.arena) {
            return self.merge(idx, 0);
        }
        let head = &self.depot.emergency_head;
        self.arena.columns.next[idx as usize].store(head.load(Relaxed), Relaxed);
        head.store(idx + 1, Relaxed);
        self.depot.emergency.store(self.depot.emergency.load(Relaxed) + 1, Relaxed);
    }

    /// One page of the emergency reserve.
    pub fn take_emergency(&self) -> Option<u32> {
        let idx = self.depot.emergency_head.load(Relaxed).checked_sub(1)?;
        self.depot.emergency_head.store(self.arena.columns.next[idx as usize].load(Relaxed), Relaxed);
        self.depot.emergency.store(self.depot.emergency.load(Relaxed) - 1, Relaxed);
        Some(idx)
    }

    fn merge(&self, mut idx: u32, mut order: u32) {
        self.add_free(1 << order);
        while order < MAX_ORDER {
            let buddy = idx ^ (1 << order);
            let whole = buddy as u64 + (1 << order) <= u64::from(self.arena.max_pages);
            if !whole || self.order_byte(buddy).load(Relaxed) != LISTED | order as u8 {
                break;
            }
            self.unlink(buddy, order);
            idx &= buddy;
            order += 1;
        }
        self.link(idx, order);
    }

    /// Commits one more chunk, or what the limit leaves of it. False: the process may have no more.
    pub fn grow(&self) -> bool {
        let Some((first, n)) = self.arena.grow(CHUNK_PAGES) else {
            self.depot.commit_failures.fetch_add(1, Relaxed);
            return false;
        };
        self.depot.commits.fetch_add(1, Relaxed);
        state::born(self.arena, first, n);
        // The odd rest at the limit is put as the aligned blocks that it is made of.
        let (mut at, end) = (first, first + n);
        while at < end {
            let order = at.trailing_zeros().min((end - at).ilog2()).min(MAX_ORDER);
            self.put(at, order);
            at += 1 << order;
        }
        true
    }

    fn head(&self, order: u32) -> &AtomicU32 {
        &self.depot.heads[order as usize]
    }

    fn order_byte(&self, idx: u32) -> &core::sync::atomic::AtomicU8 {
        &self.arena.columns.order[idx as usize]
    }

    fn add_free(&self, pages: i32) {
        let free = self.depot.free.load(Relaxed);
        self.depot.free.store(free.wrapping_add_signed(pages), Relaxed);
    }

    fn link(&self, idx: u32, order: u32) {
        let (columns, at) = (&self.arena.columns, idx as usize);
        let old = self.head(order).load(Relaxed);
        columns.next[at].store(old, Relaxed);
        columns.prev[at].store(NONE, Relaxed);
        if old != NONE {
            columns.prev[old as usize - 1].store(idx + 1, Relaxed);
        }
        self.head(order).store(idx + 1, Relaxed);
        self.order_byte(idx).store(LISTED | order as u8, Relaxed);
    }

    fn unlink(&self, idx: u32, order: u32) {
        let columns = &self.arena.columns;
        let (next, prev) = (columns.next[idx as usize].load(Relaxed), columns.prev[idx as usize].load(Relaxed));
        match prev {
            NONE => self.head(order).store(next, Relaxed),
            prev => columns.next[prev as usize - 1].store(next, Relaxed),
        }
        if next != NONE {
            columns.prev[next as usize - 1].store(prev, Relaxed);
        }
        self.order_byte(idx).store(0, Relaxed);
    }
}
