//! The layout of `mempool_t`, its element array, requests, and the shapes of user functions. This folder is the
//! only one of the room with unsafe code. Knows no rule of the pool.
//!
//! The element array has `2 × capacity` slots: the reserve grows from slot 0, elements that a
//! callback request has claimed but not yet delivered from slot `capacity`.

mod callback;
mod heap;
mod slots;

use super::late;
use super::queue::Entry;
use super::slab::KmemCache;
use crate::arena::map::Page;
use crate::observe::hooks;
use crate::sync::stripes::Stripes;
use crate::sync::{Guard, Linked, Links, List, Lock};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

pub use callback::{bulk_counted, bulk_one};
pub use heap::{
    add_stripes, c_alloc, c_free, copy_slots, drop_stripes, forget_stripes, free_array, free_pool, new_array, new_pool, pool_ref, to_heap,
};
pub use slots::Slots;

pub type AllocFn = Option<extern "C" fn(u32, *mut c_void) -> *mut c_void>;
pub type FreeFn = Option<extern "C" fn(*mut c_void, *mut c_void)>;
pub type PageCb = Option<extern "C" fn(*mut Page, *mut c_void)>;
pub type BulkFn = Option<extern "C" fn(u32, u32, *mut c_void, *mut *mut Page, PageCb, *mut c_void) -> u32>;

/// What C sees as `mempool_t`. All-zero is a pool that was never initialised; nothing in it points
/// into itself, so an idle pool may be moved by assignment.
#[repr(C)]
pub struct Mempool {
    pub lock: Lock,
    pub min_nr: AtomicI32,
    pub curr_nr: AtomicI32,
    pub kind: AtomicU32,
    pub elements: AtomicPtr<AtomicPtr<c_void>>,
    pub pool_data: AtomicPtr<c_void>,
    pub alloc: AtomicUsize,
    pub free: AtomicUsize,
    pub alloc_pages_bulk: AtomicUsize,
    pub waiters: AtomicU32,
    pub warned: AtomicU16,
    /// In which process the threads are that `claimed` is of (see `claims`).
    pub claimed_in: AtomicU16,
    pub counters: [AtomicU64; 6],
    pub capacity: AtomicU32,
    pub claimed: AtomicU32,
    /// Queued entries that are requests without a thread.
    pub requests: AtomicU32,
    /// How often something came back that waiters may want, wrapping.
    pub news: AtomicU32,
    /// Who waits, oldest first.
    pub queue: List<Entry>,
    /// Among the pools with a queue, iff `queue` is not empty.
    pub links: Links<Mempool>,
    /// Queued entries whose threads sleep.
    pub parked: AtomicU32,
    /// Elements of the reserve that are granted to entries.
    pub kept: AtomicU32,
    /// Elements taken by who was not queued, wrapping: they went past every entry.
    pub went: AtomicU32,
    /// With fewer elements than this no request can get any; means something while there are requests.
    pub least: AtomicU32,
    /// Elements that signal handlers left (see `late`).
    pub late: [AtomicPtr<c_void>; late::MOST],
    /// What an element in the reserve is for debugging aids (see `poison`).
    pub covers: AtomicU64,
    pub stripes: Stripes,
}

const _: () = assert!(size_of::<Mempool>() == 256);

impl Linked for Mempool {
    fn links(&self) -> &Links<Mempool> {
        &self.links
    }
}

/// What C sees as `struct mempool_bulk_request`. The first five fields are the user's; the others mean
/// something only while `is_queued`.
#[repr(C)]
pub struct Request {
    page_array: *mut *mut c_void,
    nr: u32,
    pub gfp: u32,
    done: Option<extern "C" fn(*mut Request)>,
    user_data: *mut c_void,
    pub entry: Entry,
    pub pool: AtomicPtr<Mempool>,
    _room: [u64; 2],
}

const _: () = assert!(size_of::<Request>() == 128);

/// A request's own function, to be run after the request was given up: it may be gone already.
pub struct Done(extern "C" fn(*mut Request), *mut Request);

impl Done {
    pub fn run(self) {
        hooks::acquire(self.1.addr());
        (self.0)(self.1);
    }
}

impl Request {
    /// Its slots; None for a NULL array.
    pub fn slots(&self) -> Option<Slots> {
        // SAFETY: the user's contract of submit: `nr` slots that stay until the request has ended.
        unsafe { Slots::new(self.page_array, self.nr) }
    }

    pub fn done(&self) -> Option<Done> {
        self.done.map(|done| Done(done, ptr::from_ref(self).cast_mut()))
    }

    /// Does it wait at a pool? The structure may hold anything, so it must name itself.
    pub fn is_queued(&self) -> bool {
        ptr::eq(self.entry.request.load(Relaxed), self)
    }

    /// Does it wait at this one?
    pub fn is_queued_at(&self, pool: &Mempool) -> bool {
        self.is_queued() && ptr::eq(self.pool.load(Relaxed), pool)
    }
}

/// The request that an entry belongs to; None for a thread's.
pub fn request_of(entry: &Entry) -> Option<&Request> {
    // SAFETY: the word is NULL or names the queued request around this very entry, which its user
    // keeps until it has ended.
    unsafe { entry.request.load(Relaxed).as_ref() }
}

impl Mempool {
    pub fn set_functions(&self, alloc: AllocFn, bulk: BulkFn, free: FreeFn) {
        self.alloc.store(alloc.map_or(0, |f| f as usize), Relaxed);
        self.alloc_pages_bulk.store(bulk.map_or(0, |f| f as usize), Relaxed);
        self.free.store(free.map_or(0, |f| f as usize), Relaxed);
    }

    pub fn alloc_fn(&self) -> AllocFn {
        // SAFETY: the word holds 0 (None) or what `set_functions` stored from this very type.
        unsafe { core::mem::transmute::<usize, AllocFn>(self.alloc.load(Relaxed)) }
    }

    pub fn free_fn(&self) -> FreeFn {
        // SAFETY: as in `alloc_fn`.
        unsafe { core::mem::transmute::<usize, FreeFn>(self.free.load(Relaxed)) }
    }

    pub fn bulk_fn(&self) -> BulkFn {
        // SAFETY: as in `alloc_fn`.
        unsafe { core::mem::transmute::<usize, BulkFn>(self.alloc_pages_bulk.load(Relaxed)) }
    }

    pub fn data(&self) -> *mut c_void {
        self.pool_data.load(Relaxed)
    }

    /// One slot of the element array. The guard proves that the array stays.
    pub fn slot<'a>(&'a self, _guard: &'a Guard<'_>, i: u32) -> &'a AtomicPtr<c_void> {
        assert!(i < 2 * self.capacity.load(Relaxed));
        // SAFETY: `elements` has 2 × capacity slots whenever capacity is not 0, and both change only
        // under the lock whose guard the caller holds.
        unsafe { &*self.elements.load(Relaxed).add(i as usize) }
    }
}

/// The slab cache that is a pool's data.
pub fn slab_of<'a>(data: *mut c_void) -> Option<&'a KmemCache> {
    // SAFETY: the user's contract of a slab pool: NULL, or a cache that lives as long as the pool.
    unsafe { data.cast::<KmemCache>().as_ref() }
}
