//! The futex call as the kernel has it: the word is looked at under the lock of its queue, so a wake
//! comes either before that look or finds the sleeper in the queue. Timeouts never run out: what only
//! a timeout would end is a deadlock for the checker.

use super::word::AtomicU32;
use super::super::sync::Ordering::SeqCst;
use std::time::Duration;

pub fn wait(word: &AtomicU32, seen: u32, _timeout: Option<Duration>) {
    let bucket = word.bucket();
    let mut queue = bucket.queue.lock().unwrap();
    if word.load(SeqCst) != seen {
        return;
    }
    let ticket = queue.tickets;
    queue.tickets += 1;
    queue.asleep.push(ticket);
    while queue.asleep.contains(&ticket) {
        queue = bucket.woken.wait(queue).unwrap();
    }
}

pub fn wake(word: &AtomicU32, count: i32) {
    if std::thread::panicking() {
        return;
    }
    let bucket = word.bucket();
    let mut queue = bucket.queue.lock().unwrap();
    let n = queue.asleep.len().min(count as usize);
    queue.asleep.drain(..n);
    bucket.woken.notify_all();
}

/// The checker switches threads at every atomic; it needs no hint.
pub fn point() {}

/// Time stands still.
pub fn now() -> u64 {
    0
}
