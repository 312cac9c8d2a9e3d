//! The library's own lock.rs and event.rs, over loom's atomics and a model of the futex call.
//!
//! The lock lets one in at a time, orders what it guards and wakes who waits. The event loses no
//! wake-up: the gift here is a relaxed store, so only the event's own fences order it.

use models::finds;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::thread;
use models::loom_side::check;
use models::loom_side::real::{event::Event, lock::Lock};
use models::loom_side::weak::{relaxed, unfenced, unwoken};
use std::sync::Arc;
use std::time::Duration;

const FOR_EVER: Duration = Duration::from_secs(1 << 40);

/// Three threads add one each. The names are the same for every variant of the lock.
macro_rules! lock_model {
    ($lock:ty) => {
        || {
            let shared = Arc::new((<$lock>::new(), UnsafeCell::new(0)));
            drop(shared.0.lock());
            let add = |(lock, sum): &($lock, UnsafeCell<u32>)| {
                let _guard = lock.lock();
                // SAFETY: the pointer is a live cell's; that nobody else uses it is what loom checks.
                sum.with_mut(|sum| unsafe { *sum += 1 });
            };
            let others: Vec<_> = (0..2).map(|_| shared.clone()).map(|shared| thread::spawn(move || add(&shared))).collect();
            add(&shared);
            others.into_iter().for_each(|other| other.join().unwrap());
            // SAFETY: as above.
            assert_eq!(shared.1.with(|sum| unsafe { *sum }), 3);
        }
    };
}

/// One thread gives, the other looks, sleeps if there is nothing, and must find the gift.
macro_rules! event_model {
    ($event:ty) => {
        || {
            let shared = Arc::new((<$event>::new(), AtomicU32::new(0)));
            shared.0.interest().sleep(Duration::ZERO); // uses each of its words once
            let giver = {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1.store(1, Relaxed);
                    shared.0.notify();
                })
            };
            let interest = shared.0.interest();
            if shared.1.load(Relaxed) == 0 {
                interest.sleep(FOR_EVER);
                assert_eq!(shared.1.load(Relaxed), 1, "woken, and the gift is not to be seen");
            }
            giver.join().unwrap();
        }
    };
}

#[test]
fn the_lock_excludes_orders_and_wakes() {
    check(4, lock_model!(Lock));
}

#[test]
fn the_event_loses_no_wake_up() {
    check(6, event_model!(Event));
}

#[test]
fn finds_a_lock_without_orderings() {
    finds("Causality violation", || check(4, lock_model!(relaxed::lock::Lock)));
}

#[test]
fn finds_a_lock_that_wakes_nobody() {
    finds("deadlock", || check(4, lock_model!(unwoken::lock::Lock)));
}

#[test]
fn finds_an_event_without_fences() {
    finds("deadlock", || check(6, event_model!(unfenced::event::Event)));
}

#[test]
fn finds_an_event_without_orderings() {
    finds("the gift is not to be seen", || check(6, event_model!(relaxed::event::Event)));
}
