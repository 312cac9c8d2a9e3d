//! Sleeping under every order of steps that shuttle's scheduler comes up with. `MODEL_ITERATIONS` sets
//! how many orders are tried.

mod common;
use common::*;

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

/// Elements that did not fit the reserve.
static SPARE: std::sync::Mutex<Vec<usize>> = std::sync::Mutex::new(Vec::new());

extern "C" fn to_spare(element: *mut c_void, _data: *mut c_void) {
    SPARE.lock().expect("not poisoned").push(element.expose_provenance());
}

#[test]
fn requests_above_min_nr_take_turns() {
    model(2000, || {
        SPARE.lock().expect("not poisoned").clear();
        // Three elements, two of which fit: two requests for three must not each hold a part.
        let pool = Pool::with_sink(2, to_spare);
        let ended = Arc::new(AtomicU32::new(0));
        let large = || {
            let (pool, ended) = (pool.clone(), ended.clone());
            thread::spawn(move || {
                pool.give(pool.take(3));
                ended.fetch_add(1, SeqCst);
            })
        };
        let threads = vec![large(), large()];
        pool.give(vec![without_provenance_mut(1 << 20)]);
        // What did not fit is offered again for as long as somebody may need it.
        while ended.load(SeqCst) < 2 {
            let spare = SPARE.lock().expect("not poisoned").pop();
            pool.give(spare.map(without_provenance_mut).into_iter().collect());
            thread::yield_now();
        }
        join(threads);
    });
}

extern "C" fn hear(_kind: mempool_bulk_report, _text: *const core::ffi::c_char, _data: *mut c_void) {}

/// That a pool ends while somebody sleeps in it is the program's mistake, and reported. Then nobody comes to grief.
#[test]
fn whoever_sleeps_in_a_pool_that_ends_leaves_it_alone() {
    model(5000, || {
        mempool_bulk_set_report_handler(Some(hear), null_mut());
        let pool = Pool::new(1);
        pool.take(1);
        let (sleeping, ending) = (pool.clone(), pool.clone());
        let waiters = |pool: &Pool| {
            // SAFETY: the pool's memory stays.
            unsafe { &*pool.0 }.waiters.load(SeqCst)
        };
        let threads = vec![
            thread::spawn(move || {
                mempool_alloc(sleeping.0, GFP_KERNEL);
            }),
            thread::spawn(move || {
                while waiters(&ending) == 0 {
                    thread::yield_now();
                }
                source_gives(1);
                mempool_exit(ending.0);
            }),
        ];
        while_time_passes(threads);
        source_gives(0);
        assert_eq!(waiters(&pool), 0);
    });
}
