//! Sleeping for an element. A sleeper registers before its last try (see `sync::Event`), so nothing
//! that comes back after that try goes unnoticed. All sleepers share one event: an element freed into
//! their pool and a page coming back to the allocator wake them alike. Holds no element.
#![forbid(unsafe_code)]

use super::raw::Mempool;
use crate::config;
use crate::pages::{RETURNED, WAITS};
use crate::sync::Interest;
use core::sync::atomic::Ordering::*;
use core::time::Duration;

/// A registered sleeper of a pool.
pub struct Waiter<'a> {
    pool: &'a Mempool,
    interest: Interest<'static>,
}

impl<'a> Waiter<'a> {
    pub fn register(pool: &'a Mempool) -> Self {
        pool.waiters.fetch_add(1, Relaxed);
        // Holds the SeqCst fence that orders `waiters` before the last try; partner: `wake`.
        Waiter { pool, interest: RETURNED.interest() }
    }

    /// Sleeps until something comes back, or for as long as the configured retry time. Signals do
    /// not end it.
    pub fn sleep(&self) {
        self.pool.counters[super::stats::WAITS].fetch_add(1, Relaxed);
        WAITS.fetch_add(1, Relaxed);
        self.interest.sleep(Duration::from_millis(config::wait_timeout_ms().into()));
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.pool.waiters.fetch_sub(1, Relaxed);
    }
}

/// Wakes every sleeper; called after an element was put into the reserve.
pub fn wake() {
    RETURNED.notify();
}
