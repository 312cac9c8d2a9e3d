//! Reserving the arena once, committing it chunk by chunk, and giving chunks back. Never knows whether a
//! page is free, nor which chunks were given back.

use super::map::{self, ARENA, Arena, PAGE_SIZE, Page, WORD_PAGES, Word, existing, page_unchecked};
use super::memory::Memory;
use super::{cgroup, memfd, os, size};
use crate::config;
use crate::observe::{hooks, report};
use crate::sync::{Guard, Lock, inside, percpu};
use core::sync::atomic::{AtomicU32, Ordering::*};

/// Pages per commit: 2 MiB, one huge page.
pub const CHUNK_PAGES: u32 = 512;
/// Blocks of the highest order are aligned to their size in addresses too.
const ALIGN: usize = PAGE_SIZE << 10;

/// The arena, reserved for the limit, halving on refusal; None when not even address space can be had.
/// By one thread at a time, with the settings frozen.
pub fn reserve() -> Option<&'static Arena> {
    let mut pages = size::limit_pages();
    if config::get().flags & config::MEMFD != 0 {
        // Where a file may hold nothing there will be no memfd, and private memory instead.
        let most = Some(memfd::most_bytes() / PAGE_SIZE as u64).filter(|most| *most > 0);
        pages = pages.min(most.unwrap_or(pages));
    }
    while existing().is_none() && pages > 0 && !try_reserve(pages as u32) {
        pages /= 2;
    }
    existing()
}

fn try_reserve(max_pages: u32) -> bool {
    let n = max_pages as usize;
    let words = n.div_ceil(WORD_PAGES);
    let up = |bytes: usize| bytes.next_multiple_of(PAGE_SIZE);
    let (states, records) = (up(words * WORD_PAGES), up(words * size_of::<Word>()));
    let sizes = [n * PAGE_SIZE, up(n * size_of::<Page>()), states + records + percpu::bytes()];
    let Some(base) = os::reserve(sizes[0], ALIGN) else { return false };
    let mem_map = os::reserve(sizes[1], PAGE_SIZE);
    let columns = os::map_zeroed(sizes[2]);
    let (Some(mem_map), Some(columns)) = (mem_map, columns) else {
        os::release(base, sizes[0]);
        mem_map.inspect(|at| os::release(*at, sizes[1]));
        columns.inspect(|at| os::release(*at, sizes[2]));
        return false;
    };
    if config::get().flags & config::MEMFD != 0 && !memfd::back(base, sizes[0]) {
        inside::run_outside(inside::Late::Unshared, tell_unshared);
    }
    ARENA.base.store(base, Relaxed);
    ARENA.mem_map.store(mem_map, Relaxed);
    ARENA.states.store(columns, Relaxed);
    ARENA.words.store(columns + states, Relaxed);
    // SAFETY: the tail of the mapping is as long as `percpu` asked for, zeroed, never unmapped, and
    // used by nobody else.
    unsafe { percpu::install(columns + states + records, config::get().no_rseq) };
    // Release pairs with the Acquire in `existing`: whoever sees a size sees the addresses.
    ARENA.max_pages.store(max_pages, Release);
    true
}

fn tell_unlocked() {
    static WARNED: AtomicU32 = AtomicU32::new(0);
    report::warn_limited(&WARNED, 1, format_args!("RLIMIT_MEMLOCK does not allow locking more memory"));
}

fn tell_unshared() {
    static WARNED: AtomicU32 = AtomicU32::new(0);
    report::warn_limited(&WARNED, 1, format_args!("MEMPOOL_BULK_MEMFD: the system gives no memfd, memory is private"));
}

/// Held over the system call that takes a chunk's memory away. Whoever commits the chunk anew waits for it,
/// so the depot's lock need not be held that long. Lock order: the depot's, then this.
static LEAVING: Lock = Lock::new();

/// A chunk is on its way back to the system: one at a time.
pub struct Leaving(Guard<'static>);

impl Leaving {
    /// None while another chunk is on its way.
    pub fn begin() -> Option<Leaving> {
        LEAVING.try_lock().map(Leaving)
    }

    /// Waits for the chunk that is on its way.
    pub fn wait() {
        drop(LEAVING.lock());
    }

    /// Gives the memory of a chunk that nobody uses back. When the system refuses, it is as if it had been
    /// committed anew: there, and zero.
    pub fn give_back(self, first: u32) -> bool {
        let start = map::address(first).expose_provenance();
        let given = Memory::of_pages().decommit(start, CHUNK_PAGES as usize * PAGE_SIZE);
        if !given {
            // For a tool they are free pages, until they are committed anew.
            hooks::allow(map::address(first).addr(), CHUNK_PAGES as usize * PAGE_SIZE, true);
            map::zero(first, CHUNK_PAGES);
        }
        drop(self.0);
        given
    }
}

impl Arena {
    /// Commits the next `want` pages or fewer where the limit is near; the first index and how many.
    /// Callers hold the depot lock: growth has one author.
    pub fn grow(&self, want: u32) -> Option<(u32, u32)> {
        let first = self.committed.load(Relaxed);
        let n = want.min(self.max_pages() - first);
        if n == 0 || !self.may_commit(n) || !self.commit_structs(first, n) || !self.commit(first, n) {
            return None;
        }
        self.committed.store(first + n, Release);
        Some((first, n))
    }

    /// Commits a chunk again that was given back. Its `struct page`s have been there all the time, pristine.
    /// Callers hold the depot lock.
    pub fn grow_back(&self, first: u32) -> bool {
        let _leaving = LEAVING.lock();
        self.may_commit(CHUNK_PAGES) && self.commit(first, CHUNK_PAGES)
    }

    fn may_commit(&self, n: u32) -> bool {
        cgroup::has_headroom(u64::from(n) * PAGE_SIZE as u64)
    }

    /// Makes a range resident, and locks it if that was asked for.
    fn commit(&self, first: u32, n: u32) -> bool {
        let (offset, bytes) = (first as usize * PAGE_SIZE, n as usize * PAGE_SIZE);
        let (start, memory) = (self.base.load(Relaxed) + offset, Memory::of_pages());
        let flags = config::get().flags;
        if !memory.commit(start, bytes, offset, flags & config::HUGEPAGES != 0) {
            return false;
        }
        let locked = flags & config::MLOCK == 0 || os::lock(start, bytes);
        if !locked {
            memory.decommit(start, bytes);
            // The depot's lock is held, and a report runs the user's code.
            inside::run_outside(inside::Late::Unlocked, tell_unlocked);
        }
        locked
    }

    /// Makes the `struct page`s of a range resident and pristine.
    fn commit_structs(&self, first: u32, n: u32) -> bool {
        let (size, mem_map) = (size_of::<Page>(), self.mem_map.load(Relaxed));
        let start = (mem_map + first as usize * size) & !(PAGE_SIZE - 1);
        let end = (mem_map + (first + n) as usize * size).next_multiple_of(PAGE_SIZE);
        if !Memory::Private.commit(start, end - start, 0, false) {
            return false;
        }
        for idx in first..first + n {
            // SAFETY: just committed.
            let page = unsafe { page_unchecked(idx) };
            page.refcount.store(1, Relaxed);
            page.mapcount.store(-1, Relaxed);
        }
        true
    }
}
