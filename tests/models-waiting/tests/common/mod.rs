//! A pool whose source gives nothing, and how to try many orders of steps. Time stands still, so a lost
//! wake-up is a deadlock.
#![allow(dead_code, unused_imports)] // each test program uses a part of it

pub use core::ffi::{c_int, c_void};
pub use core::ptr::{null_mut, without_provenance_mut};
pub use core::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::*};
pub use core::time::Duration;
pub use mempool_bulk::arena::map::Page;
pub use mempool_bulk::ffi::elements::mempool_alloc_pages_bulk_array;
pub use mempool_bulk::ffi::own::{mempool_bulk_report, mempool_bulk_set_report_handler};
pub use mempool_bulk::ffi::own_pages::mempool_bulk_free_pages;
pub use mempool_bulk::ffi::pool::*;
pub use mempool_bulk::ffi::requests::*;
pub use mempool_bulk::gfp::GFP_KERNEL;
pub use mempool_bulk::mempool::raw::Mempool;
pub use mempool_bulk::sync::futex::advance;
pub use shuttle::thread;
pub use std::sync::Arc;

/// How many elements the source still gives.
static SOURCE: AtomicI32 = AtomicI32::new(0);
static BORN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn source(_gfp: u32, _data: *mut c_void) -> *mut c_void {
    match SOURCE.fetch_sub(1, SeqCst) {
        1.. => without_provenance_mut(16 * BORN.fetch_add(1, SeqCst) + 16),
        _ => null_mut(),
    }
}

/// Lets the source give `n` more.
pub fn source_gives(n: i32) {
    SOURCE.store(n, SeqCst);
}

extern "C" fn sink(_element: *mut c_void, _data: *mut c_void) {}

/// A pool of `n` elements whose source is exhausted.
pub struct Pool(pub *mut Mempool);

// SAFETY: all fields of a pool are atomics.
unsafe impl Send for Pool {}
unsafe impl Sync for Pool {}

impl Pool {
    pub fn new(n: c_int) -> Arc<Pool> {
        Pool::with_sink(n, sink)
    }

    pub fn with_sink(n: c_int, sink: extern "C" fn(*mut c_void, *mut c_void)) -> Arc<Pool> {
        SOURCE.store(n, SeqCst);
        let pool = mempool_create(n, Some(source), Some(sink), null_mut());
        SOURCE.store(0, SeqCst);
        Arc::new(Pool(pool))
    }

    pub fn take(&self, nr: u32) -> Vec<*mut Page> {
        let mut pages = vec![null_mut(); nr as usize];
        if nr == 1 {
            pages[0] = mempool_alloc(self.0, GFP_KERNEL).cast();
        } else {
            assert!(mempool_alloc_pages_bulk_array(self.0, GFP_KERNEL, nr, pages.as_mut_ptr()));
        }
        assert!(pages.iter().all(|page| !page.is_null()));
        pages
    }

    pub fn give(&self, mut pages: Vec<*mut Page>) {
        mempool_bulk_free_pages(self.0, pages.as_mut_ptr(), pages.len() as u32);
    }

    /// Nobody waits any more, and all elements are there.
    pub fn end(&self, n: i32) {
        // SAFETY: the pool is this test's, and no other thread uses it any more.
        let pool = unsafe { &*self.0 };
        assert_eq!((pool.curr_nr.load(SeqCst), pool.waiters.load(SeqCst)), (n, 0));
        mempool_destroy(self.0);
    }
}

/// One test at a time: they share the library's statics and the clock. None after one has failed.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

pub fn model(iterations: usize, f: impl Fn() + Send + Sync + 'static) {
    let _one = ONE.lock().expect("no test has failed");
    let iterations = std::env::var("MODEL_ITERATIONS").map_or(iterations, |n| n.parse().expect("a number"));
    shuttle::check_random(f, iterations);
}

pub fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|t| t.join().expect("no panic"));
}

/// A thread for each element, which gives it back.
pub fn givers(pool: &Arc<Pool>, pages: &[*mut Page]) -> Vec<thread::JoinHandle<()>> {
    let give = |page: &*mut Page| {
        let (pool, page) = (pool.clone(), page.expose_provenance());
        thread::spawn(move || pool.give(vec![without_provenance_mut(page)]))
    };
    pages.iter().map(give).collect()
}

/// Runs threads while time passes, until all have ended.
pub fn while_time_passes(threads: Vec<thread::JoinHandle<()>>) {
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
