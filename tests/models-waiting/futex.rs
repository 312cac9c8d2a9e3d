//! What `src/sync/futex.rs` is in the library, over shuttle: a sleeper is a shuttle thread that waits on
//! a condition, time stands still until a test moves it, and each lock is a place where threads
//! switch. A thread that nobody wakes is found by shuttle as a deadlock.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use core::time::Duration;
use shuttle::sync::{Condvar, Mutex};

pub use shuttle::thread_local as of_each_thread;

/// A thread that sleeps: on which word, and until when.
struct Sleeper {
    word: usize,
    until: u64,
    ticket: u64,
}

#[derive(Default)]
struct Sleepers {
    all: Vec<Sleeper>,
    tickets: u64,
}

shuttle::lazy_static! {
    static ref SLEEPERS: Mutex<Sleepers> = Mutex::new(Sleepers::default());
    static ref CHANGED: Condvar = Condvar::new();
}

static TIME: AtomicU64 = AtomicU64::new(1);

pub fn wait(word: &AtomicU32, seen: u32, timeout: Option<Duration>) {
    let mut sleepers = SLEEPERS.lock().expect("not poisoned");
    if word.load(SeqCst) != seen {
        return;
    }
    let ticket = sleepers.tickets;
    let until = timeout.map_or(u64::MAX, |timeout| now().saturating_add(timeout.as_nanos() as u64));
    sleepers.tickets += 1;
    sleepers.all.push(Sleeper { word: core::ptr::from_ref(word).addr(), until, ticket });
    while sleepers.all.iter().any(|sleeper| sleeper.ticket == ticket) {
        sleepers = CHANGED.wait(sleepers).expect("not poisoned");
    }
}

pub fn wake(word: &AtomicU32, count: i32) {
    let mut sleepers = SLEEPERS.lock().expect("not poisoned");
    for _ in 0..count {
        let Some(at) = sleepers.all.iter().position(|sleeper| sleeper.word == core::ptr::from_ref(word).addr()) else { break };
        sleepers.all.remove(at);
    }
    CHANGED.notify_all();
}

pub fn now() -> u64 {
    TIME.load(SeqCst)
}

/// Lets time pass.
pub fn advance(by: Duration) {
    let mut sleepers = SLEEPERS.lock().expect("not poisoned");
    TIME.fetch_add(by.as_nanos() as u64, SeqCst);
    sleepers.all.retain(|sleeper| sleeper.until > now());
    CHANGED.notify_all();
}

/// A place where threads may switch.
pub fn point() {
    shuttle::thread::yield_now();
}
