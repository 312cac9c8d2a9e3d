//! The layout of `mempool_t`, its element array, requests, C arrays of elements, and the shapes of
//! user functions: the only unsafe file of this room. Knows no rule of the pool.
//!
//! The element array has `2 × capacity` slots: the reserve grows from slot 0, elements that a
//! callback request has claimed but not yet delivered from slot `capacity`.

use super::late;
use super::queue::Entry;
use super::slab::KmemCache;
use crate::arena::map::Page;
use crate::observe::hooks;
use crate::sync::stripes::{self, Stripes};
use crate::sync::{Guard, Linked, Links, List, Lock};
use core::ffi::c_void;
use core::ptr::{self, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

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
    pub warned: AtomicU32,
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
    pub pad: [u64; 3],
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

    /// Does it wait at this pool? The structure may hold anything, so it must name itself.
    pub fn is_queued(&self, pool: &Mempool) -> bool {
        ptr::eq(self.entry.request.load(Relaxed), self) && ptr::eq(self.pool.load(Relaxed), pool)
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

/// A zeroed element array for `capacity` elements; NULL when memory is short.
pub fn new_array(capacity: u32) -> *mut AtomicPtr<c_void> {
    // SAFETY: calloc has no precondition; zeroed pointers are valid.
    unsafe { libc::calloc(2 * capacity as usize, size_of::<AtomicPtr<c_void>>()).cast() }
}

/// Copies `n` slots between arrays.
pub fn copy_slots(from: *mut AtomicPtr<c_void>, to: *mut AtomicPtr<c_void>, n: u32) {
    // SAFETY: the resize that calls this owns `to` and holds the lock of `from`; both have n slots.
    unsafe { core::ptr::copy_nonoverlapping(from, to, n as usize) };
}

pub fn free_array(array: *mut AtomicPtr<c_void>) {
    // SAFETY: the array came from `new_array` (or is NULL) and no longer hangs in any pool.
    unsafe { libc::free(array.cast()) };
}

/// Gives a pool a counter a CPU where it helps; without memory for them it counts in one place.
pub fn add_stripes(pool: &Mempool) {
    let bytes = stripes::bytes();
    if bytes > 0 {
        // SAFETY: aligned to a line and as long as wanted; freed by `drop_stripes` only. `calloc` gives
        // no such alignment, so the memory is zeroed here.
        unsafe {
            let memory = libc::aligned_alloc(64, bytes);
            if !memory.is_null() {
                memory.cast::<u8>().write_bytes(0, bytes);
            }
            libc::free(pool.stripes.replace(memory.cast()).cast());
        }
    }
}

/// Takes the counters away; nobody may be using the pool.
pub fn drop_stripes(pool: &Mempool) {
    // SAFETY: the memory came from `add_stripes`, or is NULL.
    unsafe { libc::free(pool.stripes.replace(null_mut()).cast()) };
}

/// Forgets whatever the memory held before: it is no pool yet.
pub fn forget_stripes(pool: &Mempool) {
    // SAFETY: what was there is not ours to free.
    unsafe { pool.stripes.replace(null_mut()) };
}

/// A zeroed pool on the heap; NULL when memory is short.
pub fn new_pool() -> *mut Mempool {
    // SAFETY: calloc has no precondition.
    unsafe { libc::calloc(1, size_of::<Mempool>()).cast() }
}

/// The pool behind a pointer from `new_pool`.
pub fn pool_ref<'a>(pool: *mut Mempool) -> &'a Mempool {
    // SAFETY: callers pass a non-NULL pool of `new_pool` that is not destroyed while they use it.
    unsafe { &*pool }
}

pub fn free_pool(pool: *mut Mempool) {
    // SAFETY: the pool came from `new_pool` and its user has given it up.
    unsafe { libc::free(pool.cast()) };
}

/// A value on the heap, for ever or until `c_free`; None when memory is short.
pub fn to_heap(cache: KmemCache) -> Option<*mut KmemCache> {
    let memory: *mut KmemCache = c_alloc(size_of::<KmemCache>(), 16, false).cast();
    // SAFETY: as long as the value, which needs no greater alignment, and ours alone.
    (!memory.is_null()).then(|| unsafe {
        memory.write(cache);
        memory
    })
}

/// The slab cache that is a pool's data.
pub fn slab_of<'a>(data: *mut c_void) -> Option<&'a KmemCache> {
    // SAFETY: the user's contract of a slab pool: NULL, or a cache that lives as long as the pool.
    unsafe { data.cast::<KmemCache>().as_ref() }
}

/// A C array of element slots that the caller of a bulk function lends us.
#[derive(Clone, Copy)]
pub struct Slots {
    slots: *mut *mut c_void,
    nr: u32,
}

impl Slots {
    /// None when there is no array although slots are wanted.
    ///
    /// # Safety
    /// `slots` is NULL or points to `nr` pointers that stay valid, and that nobody else writes, for
    /// as long as the value is used.
    pub unsafe fn new(slots: *mut *mut c_void, nr: u32) -> Option<Slots> {
        (nr == 0 || !slots.is_null()).then_some(Slots { slots, nr })
    }

    pub fn len(&self) -> u32 {
        self.nr
    }

    pub fn is_empty(&self) -> bool {
        self.nr == 0
    }

    pub fn as_ptr(&self) -> *mut *mut c_void {
        self.slots
    }

    pub fn get(&self, i: u32) -> *mut c_void {
        assert!(i < self.nr);
        // SAFETY: `new`'s caller vouches for nr slots.
        unsafe { *self.slots.add(i as usize) }
    }

    pub fn set(&self, i: u32, element: *mut c_void) {
        assert!(i < self.nr);
        // SAFETY: `new`'s caller vouches for nr slots that only we write.
        unsafe { *self.slots.add(i as usize) = element };
    }

    /// The slots of an array of pages.
    pub fn pages(&mut self) -> &mut [*mut Page] {
        if self.nr == 0 {
            return &mut [];
        }
        // SAFETY: `new`'s caller vouches for nr slots that only we use while the borrow lasts.
        unsafe { core::slice::from_raw_parts_mut(self.slots.cast(), self.nr as usize) }
    }

    /// The slots that are NULL.
    pub fn missing(&self) -> u32 {
        (0..self.nr).filter(|i| self.get(*i).is_null()).count() as u32
    }
}

/// Runs a pool's own bulk function for one page; NULL when it gave none.
pub fn bulk_one(bulk: BulkFn, gfp: u32, data: *mut c_void) -> *mut c_void {
    let mut page: *mut Page = core::ptr::null_mut();
    if let Some(bulk) = bulk {
        bulk(gfp, 1, data, &mut page, None, core::ptr::null_mut());
    }
    page.cast()
}

/// What a callback request hands to a pool's bulk function in place of the user's callback, so that
/// what was really delivered is counted, whatever the bulk function returns.
struct Counted {
    cb: extern "C" fn(*mut Page, *mut c_void),
    data: *mut c_void,
    delivered: u32,
}

extern "C" fn counted_cb(page: *mut Page, data: *mut c_void) {
    // SAFETY: `bulk_counted` passes its own live Counted, and the bulk function must pass it on.
    let counted = unsafe { &mut *data.cast::<Counted>() };
    counted.delivered += 1;
    (counted.cb)(page, counted.data);
}

/// Runs a pool's bulk function in callback form; the number of pages the callback really got.
pub fn bulk_counted(
    bulk: BulkFn, gfp: u32, nr: u32, pool_data: *mut c_void,
    cb: extern "C" fn(*mut Page, *mut c_void), data: *mut c_void,
) -> u32 {
    let mut counted = Counted { cb, data, delivered: 0 };
    if let Some(bulk) = bulk {
        bulk(gfp, nr, pool_data, core::ptr::null_mut(), Some(counted_cb), (&raw mut counted).cast());
    }
    counted.delivered
}

/// A zeroed, aligned object from the C library.
pub fn c_alloc(size: usize, align: usize, zero: bool) -> *mut c_void {
    let size = size.max(1);
    // SAFETY: align is a power of two of at least a pointer's size; the object is `size` long.
    unsafe {
        let object = match align {
            0..=16 => libc::malloc(size),
            _ => libc::aligned_alloc(align, size.next_multiple_of(align)),
        };
        if zero && !object.is_null() {
            object.cast::<u8>().write_bytes(0, size);
        }
        object
    }
}

/// Frees what `c_alloc` gave; NULL is allowed.
pub fn c_free(object: *mut c_void) {
    // SAFETY: the user's contract of free: a live object of `c_alloc`, or NULL.
    unsafe { libc::free(object) };
}
