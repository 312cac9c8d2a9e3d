//! Requests that are completed, withdrawn and submitted under every order of steps that shuttle's
//! scheduler comes up with.

mod common;
use common::*;
use core::sync::atomic::AtomicBool;

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

/// Is the first thread of a test inside `submit`? Then it must not run `done`: the result says it.
static SUBMITTING: AtomicBool = AtomicBool::new(false);

extern "C" fn note(request: *mut mempool_bulk_request) {
    assert!(!SUBMITTING.load(SeqCst) || usize::from(thread::current().id()) != 0);
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
        SUBMITTING.store(true, SeqCst);
        let at_once = item.submit();
        SUBMITTING.store(false, SeqCst);
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
