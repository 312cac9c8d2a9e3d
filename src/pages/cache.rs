//! The page cache: a few cells of free single pages, one lock each; a thread prefers the cell its
//! thread pointer hashes to. Lock order: depot, then cell; the fast path holds only the cell's.
//! No page is in transit outside a lock: a page is taken back (state FREE) under the lock of the
//! place it goes to, and handed out under the lock of the place it comes from.
//! Knows no gfp mask and no limit.

use super::{depot, state};
use crate::arena::Arena;
use crate::sync::{Guard, Lock};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

const CELLS: usize = 16;
const CELL_PAGES: usize = 512;
/// Pages that leave a full cell together.
const FLUSH: usize = CELL_PAGES / 2;
/// Set in a handed-out entry whose page is still all zero.
pub const CLEAN: u32 = 1 << 31;

pub struct Cell {
    lock: Lock,
    len: AtomicU32,
    entries: [AtomicU32; CELL_PAGES],
    /// Pages handed out and taken back through this cell; changed under its lock.
    pub allocated: AtomicU64,
    pub freed: AtomicU64,
}

pub static CELL: [Cell; CELLS] = [const {
    Cell {
        lock: Lock::new(),
        len: AtomicU32::new(0),
        entries: [const { AtomicU32::new(0) }; CELL_PAGES],
        allocated: AtomicU64::new(0),
        freed: AtomicU64::new(0),
    }
}; CELLS];

/// What became of a page that was to go into a cell.
pub enum Push {
    Done,
    /// The cell is full or busy.
    NoRoom,
    Refused(state::Wrong),
}

/// Adds to a counter that only the holder of its lock changes.
pub fn count(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed) + n, Relaxed);
}

/// This thread's cell.
pub fn mine() -> &'static Cell {
    thread_local!(static HERE: u8 = const { 0 });
    let address = HERE.try_with(|here| core::ptr::from_ref(here).addr()).unwrap_or(0);
    &CELL[(address >> 6).wrapping_mul(0x9e37_79b9) >> 16 & (CELLS - 1)]
}

/// Pages in all cells; a snapshot.
pub fn cached_pages() -> u64 {
    CELL.iter().map(|cell| u64::from(cell.len.load(Relaxed))).sum()
}

impl Cell {
    /// Hands out up to `out.len()` pages; how many. None of them when the cell is busy.
    pub fn pop(&self, arena: &Arena, out: &mut [u32]) -> usize {
        let Some(_guard) = self.lock.try_lock_briefly() else { return 0 };
        let mut n = 0;
        while n < out.len() {
            let len = self.len.load(Relaxed);
            if len == 0 {
                break;
            }
            self.len.store(len - 1, Relaxed);
            let idx = self.entries[len as usize - 1].load(Relaxed);
            if let Some(clean) = state::hand_out(arena, idx, 0, false) {
                out[n] = idx | if clean { CLEAN } else { 0 };
                n += 1;
            }
        }
        count(&self.allocated, n as u64);
        n
    }

    /// Takes a held page back.
    pub fn push(&self, arena: &Arena, idx: u32) -> Push {
        let Some(_guard) = self.lock.try_lock_briefly() else { return Push::NoRoom };
        if self.len.load(Relaxed) as usize == CELL_PAGES {
            return Push::NoRoom;
        }
        if let Err(wrong) = state::take_back(arena, idx, 0) {
            return Push::Refused(wrong);
        }
        self.store(idx);
        count(&self.freed, 1);
        Push::Done
    }

    fn store(&self, idx: u32) {
        let len = self.len.load(Relaxed);
        self.entries[len as usize].store(idx, Relaxed);
        self.len.store(len + 1, Relaxed);
    }

    /// With the depot open: moves free pages into an empty cell, the lowest address on top.
    pub fn refill(&self, depot: &depot::Open<'_>, pages: usize) {
        let Some(_guard) = self.lock.try_lock() else { return };
        let mut run = [0u32; FLUSH];
        let room = (CELL_PAGES - self.len.load(Relaxed) as usize).min(pages).min(FLUSH);
        let n = depot.take_run(&mut run[..room]);
        for idx in run[..n].iter().rev() {
            self.store(*idx);
        }
    }

    /// With the depot open: moves the oldest half back to it.
    pub fn flush(&self, depot: &depot::Open<'_>) {
        let Some(_guard) = self.lock.try_lock_briefly() else { return };
        let len = self.len.load(Relaxed) as usize;
        let gone = len.min(FLUSH);
        for entry in &self.entries[..gone] {
            depot.put(entry.load(Relaxed), 0);
        }
        for i in gone..len {
            self.entries[i - gone].store(self.entries[i].load(Relaxed), Relaxed);
        }
        self.len.store((len - gone) as u32, Relaxed);
    }

    fn empty(&self, depot: &depot::Open<'_>, _guard: Guard<'_>) {
        for entry in &self.entries[..self.len.load(Relaxed) as usize] {
            depot.put(entry.load(Relaxed), 0);
        }
        self.len.store(0, Relaxed);
    }
}

/// With the depot open: moves every cached page to it. A caller that may not sleep skips cells whose
/// lock stays busy.
pub fn drain(depot: &depot::Open<'_>, may_sleep: bool) {
    for cell in &CELL {
        if let Some(guard) = cell.lock.lock_if(may_sleep) {
            cell.empty(depot, guard);
        }
    }
}
