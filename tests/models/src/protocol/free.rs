//! Giving a page back: check, mark, push; if the slab is full or stopped, into the depot under its
//! lock, then a wake-up. Knows no request.

use super::cpu::Thread;
use super::slab::Moved;
use super::{ALLOCATED, FREE, FREE_CLEAN, Page, World};
use crate::bug::Bug;
use std::sync::atomic::Ordering::Relaxed;

impl World {
    pub fn free(&self, me: &Thread, page: Page) {
        let state = self.state[page].load(Relaxed);
        if state != ALLOCATED {
            return self.ghost.report();
        }
        let clean = self.ghost.gave_back(page);
        let now = if clean && self.has(Bug::FreedAsClean) { FREE_CLEAN } else { FREE };
        // Marked before it is pushed: once it is in the slab it is another thread's.
        if !self.has(Bug::MarkedAfterPush) {
            self.state[page].store(now, Relaxed);
        }
        let moved = self.push(me, &[page]);
        if self.has(Bug::MarkedAfterPush) {
            self.state[page].store(now, Relaxed);
        }
        if moved != Moved::Pages(1) {
            self.free_to_depot(me, page, moved);
        }
    }

    fn free_to_depot(&self, me: &Thread, page: Page, moved: Moved) {
        let mut depot = self.lock_depot();
        if moved != Moved::Stopped {
            self.flush(&mut depot, me);
        }
        self.put(&mut depot, page);
        self.unlock_depot(depot, !self.has(Bug::NoNotify));
    }
}
