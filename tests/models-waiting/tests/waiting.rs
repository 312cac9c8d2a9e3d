//! Sleeping and requests under every order of steps that shuttle's scheduler comes up with. The source
//! gives nothing and time stands still, so a lost wake-up is a deadlock. `MODEL_ITERATIONS` sets how
//! many orders are tried.

use core::ffi::{c_int, c_void};
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::*};
use core::time::Duration;
use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::elements::mempool_alloc_pages_bulk_array;
use mempool_bulk::ffi::own_pages::mempool_bulk_free_pages;
use mempool_bulk::ffi::pool::*;
use mempool_bulk::ffi::requests::*;
use mempool_bulk::gfp::GFP_KERNEL;
use mempool_bulk::mempool::raw::Mempool;
use mempool_bulk::sync::futex::advance;
use shuttle::thread;
use std::sync::Arc;

/// How many elements the source still gives.
static SOURCE: AtomicI32 = AtomicI32::new(0);
static BORN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn source(_gfp: u32, _data: *mut c_void) -> *mut c_void {
    match SOURCE.fetch_sub(1, SeqCst) {
        1.. => without_provenance_mut(16 * BORN.fetch_add(1, SeqCst) + 16),
        _ => null_mut(),
    }
}

extern "C" fn sink(_element: *mut c_void, _data: *mut c_void) {}

/// A pool of `n` elements whose source is exhausted.
struct Pool(*mut Mempool);

// SAFETY: all fields of a pool are atomics.
unsafe impl Send for Pool {}
unsafe impl Sync for Pool {}

impl Pool {
    fn new(n: c_int) -> Arc<Pool> {
        SOURCE.store(n, SeqCst);
        let pool = mempool_create(n, Some(source), Some(sink), null_mut());
        SOURCE.store(0, SeqCst);
        Arc::new(Pool(pool))
    }

    fn take(&self, nr: u32) -> Vec<*mut Page> {
        let mut pages = vec![null_mut(); nr as usize];
        if nr == 1 {
            pages[0] = mempool_alloc(self.0, GFP_KERNEL).cast();
        } else {
            assert!(mempool_alloc_pages_bulk_array(self.0, GFP_KERNEL, nr, pages.as_mut_ptr()));
        }
        assert!(pages.iter().all(|page| !page.is_null()));
        pages
    }

    fn give(&self, mut pages: Vec<*mut Page>) {
        mempool_bulk_free_pages(self.0, pages.as_mut_ptr(), pages.len() as u32);
    }

    /// Nobody waits any more, and all elements are there.
    fn end(&self, n: i32) {
        // SAFETY: the pool is this test's, and no other thread uses it any more.
        let pool = unsafe { &*self.0 };
        assert_eq!((pool.curr_nr.load(SeqCst), pool.waiters.load(SeqCst)), (n, 0));
        mempool_destroy(self.0);
    }
}

/// One test at a time: they share the library's statics and the clock. None after one has failed.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn model(iterations: usize, f: impl Fn() + Send + Sync + 'static) {
    let _one = ONE.lock().expect("no test has failed");
    let iterations = std::env::var("MODEL_ITERATIONS").map_or(iterations, |n| n.parse().expect("a number"));
    shuttle::check_random(f, iterations);
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|t| t.join().expect("no panic"));
}

/// A thread for each element, which gives it back.
fn givers(pool: &Arc<Pool>, pages: &[*mut Page]) -> Vec<thread::JoinHandle<()>> {
    let give = |page: &*mut Page| {
        let (pool, page) = (pool.clone(), page.expose_provenance());
        thread::spawn(move || pool.give(vec![without_provenance_mut(page)]))
    };
    pages.iter().map(give).collect()
}

fn sleepers(n: c_int, sizes: &'static [u32], rounds: u32) {
    let pool = Pool::new(n);
    let run = |size: &'static u32| {
        let pool = pool.clone();
        thread::spawn(move || (0..rounds).for_each(|_| pool.give(pool.take(*size))))
    };
    join(sizes.iter().map(run).collect());
    pool.end(n);
}

#[test]
fn everybody_wants_everything() {
    model(3000, || sleepers(2, &[2, 2, 2], 2));
}

#[test]
fn mixed_sizes() {
    model(3000, || sleepers(3, &[3, 2, 1, 1], 2));
}

#[test]
fn one_element_for_many() {
    model(3000, || sleepers(1, &[1, 1, 1, 1], 2));
}

/// Runs threads while time passes, until all have ended.
fn while_time_passes(threads: Vec<thread::JoinHandle<()>>) {
    let running = Arc::new(AtomicU32::new(1));
    let clock = {
        let running = running.clone();
        thread::spawn(move || {
            while running.load(SeqCst) != 0 {
                advance(Duration::from_millis(500));
                thread::yield_now();
            }
        })
    };
    join(threads);
    running.store(0, SeqCst);
    clock.join().expect("no panic");
}

#[test]
fn a_holder_that_needs_one_more_goes_on() {
    model(2000, || {
        let pool = Pool::new(2);
        let (large, small, holder) = (pool.clone(), pool.clone(), pool.clone());
        while_time_passes(vec![
            thread::spawn(move || large.give(large.take(2))),
            thread::spawn(move || (0..12).for_each(|_| small.give(small.take(1)))),
            thread::spawn(move || {
                let first = holder.take(1);
                holder.give(holder.take(1));
                holder.give(first);
            }),
        ]);
        pool.end(2);
    });
}

#[test]
fn a_time_limit_ends_or_it_succeeds() {
    model(2000, || {
        let pool = Pool::new(2);
        let held = pool.take(1);
        let (limited, large) = (pool.clone(), pool.clone());
        let mut threads = vec![
            thread::spawn(move || {
                let mut pages = vec![null_mut(); 2];
                let limit = timespec { tv_sec: 1, tv_nsec: 0 };
                let result = mempool_bulk_alloc_pages_timeout(limited.0, GFP_KERNEL, 2, pages.as_mut_ptr(), &limit);
                let got = pages.iter().filter(|page| !page.is_null()).count();
                assert!((result, got) == (0, 2) || (result, got) == (-libc::ETIMEDOUT, 0));
                limited.give(pages);
            }),
            thread::spawn(move || large.give(large.take(2))),
        ];
        threads.extend(givers(&pool, &held));
        while_time_passes(threads);
        pool.end(2);
    });
}

/// A request with its array and what became of it.
struct Item {
    request: mempool_bulk_request,
    pages: [*mut Page; 2],
    done: AtomicU32,
    pool: Arc<Pool>,
}

// SAFETY: the tests look at the array only when the request is not queued.
unsafe impl Send for Item {}
unsafe impl Sync for Item {}

impl Item {
    fn new(pool: &Arc<Pool>, nr: u32, done: extern "C" fn(*mut mempool_bulk_request)) -> &'static Item {
        let item = Box::leak(Box::new(Item {
            request: mempool_bulk_request { page_array: null_mut(), nr, gfp: GFP_KERNEL, done: Some(done), user_data: null_mut(), room: [0; 12] },
            pages: [null_mut(); 2],
            done: AtomicU32::new(0),
            pool: pool.clone(),
        }));
        item.request.page_array = item.pages.as_mut_ptr();
        item.request.user_data = core::ptr::from_mut(item).cast();
        item
    }

    fn submit(&self) -> c_int {
        mempool_bulk_submit(self.pool.0, core::ptr::from_ref(&self.request).cast_mut())
    }

    fn cancel(&self) -> c_int {
        mempool_bulk_cancel(self.pool.0, core::ptr::from_ref(&self.request).cast_mut())
    }

    fn give_back(&self) {
        self.pool.give(self.pages.iter().copied().filter(|page| !page.is_null()).collect());
    }
}

extern "C" fn note(request: *mut mempool_bulk_request) {
    // SAFETY: user_data names the item around the request, which is never freed.
    let item = unsafe { &*(*request).user_data.cast::<Item>() };
    item.done.fetch_add(1, SeqCst);
}

#[test]
fn withdrawn_or_completed_never_both() {
    model(5000, || {
        let pool = Pool::new(2);
        let held = pool.take(2);
        let item = Item::new(&pool, 2, note);
        assert_eq!(item.submit(), 0);
        let threads = givers(&pool, &held);
        let third = { let pool = pool.clone(); thread::spawn(move || pool.give(pool.take(1))) };
        let withdrawn = item.cancel() == 0;
        if withdrawn {
            // Nothing may come any more.
            assert!(item.done.load(SeqCst) == 0 && item.pages.iter().all(|page| page.is_null()));
        }
        join(threads);
        if !withdrawn {
            item.give_back();
        }
        third.join().expect("no panic");
        assert_eq!(item.done.load(SeqCst), u32::from(!withdrawn));
        pool.end(2);
    });
}

#[test]
fn a_request_that_is_submitted_while_elements_come_back_completes() {
    model(3000, || {
        let pool = Pool::new(2);
        let held = pool.take(2);
        let item = Item::new(&pool, 2, note);
        let threads = givers(&pool, &held);
        let at_once = item.submit();
        join(threads);
        assert_eq!(at_once + item.done.load(SeqCst) as i32, 1);
        item.give_back();
        pool.end(2);
    });
}

#[test]
fn what_was_kept_for_a_request_is_told_of_when_it_is_withdrawn() {
    model(1000, || {
        let pool = Pool::new(2);
        let held = pool.take(2);
        let item = Item::new(&pool, 2, note);
        assert_eq!(item.submit(), 0);
        let mut passing = vec![held[0]];
        for _ in 0..5 {
            pool.give(passing);
            passing = vec![mempool_alloc_preallocated(pool.0).cast()];
            assert!(!passing[0].is_null());
        }
        pool.give(passing);
        assert!(mempool_alloc_preallocated(pool.0).is_null());
        let sleeper = { let pool = pool.clone(); thread::spawn(move || pool.give(pool.take(1))) };
        assert_eq!(item.cancel(), 0);
        sleeper.join().expect("no panic");
        pool.give(vec![held[1]]);
        pool.end(2);
    });
}

extern "C" fn pass_on(request: *mut mempool_bulk_request) {
    note(request);
    // SAFETY: as in `note`.
    let item = unsafe { &*(*request).user_data.cast::<Item>() };
    let pages = item.pages.iter().copied().filter(|page| !page.is_null()).collect();
    // SAFETY: the request has ended, so its array is this function's.
    unsafe { (*request).page_array.write_bytes(0, 2) };
    if item.done.load(SeqCst) < 2 && item.submit() == 1 {
        item.done.fetch_add(1, SeqCst);
        item.give_back();
    }
    item.pool.give(pages);
}

#[test]
fn each_request_completes_once_each_time() {
    model(3000, || {
        let pool = Pool::new(2);
        let held = pool.take(2);
        let items: Vec<_> = [2, 1, 1].iter().map(|nr| Item::new(&pool, *nr, pass_on)).collect();
        items.iter().for_each(|item| assert_eq!(item.submit(), 0));
        let threads = givers(&pool, &held);
        let sleeper = { let pool = pool.clone(); thread::spawn(move || pool.give(pool.take(2))) };
        join(threads);
        sleeper.join().expect("no panic");
        items.iter().for_each(|item| assert_eq!(item.done.load(SeqCst), 2));
        pool.end(2);
    });
}
