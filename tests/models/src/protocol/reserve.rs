//! A pool's reserve as far as page states go: a page lies in it as RESERVE. Knows no pool.

use super::cpu::Thread;
use super::{ALLOCATED, Page, RESERVE, World};
use crate::bug::Bug;
use std::sync::atomic::Ordering::Relaxed;

impl World {
    /// A held page goes into the reserve.
    pub fn shelve(&self, page: Page) {
        if self.state[page].compare_exchange(ALLOCATED, RESERVE, Relaxed, Relaxed).is_err() {
            return self.ghost.report();
        }
        self.ghost.gave_back(page);
        self.reserve.lock().push(page);
    }

    /// All pages come out of the reserve. One may no longer be what was put there: a free that read
    /// ALLOCATED before `shelve` marks it FREE afterwards.
    pub fn unshelve(&self, me: &Thread) {
        for page in self.reserve.lock().drain(..) {
            if self.state[page].load(Relaxed) != RESERVE && !self.has(Bug::ReserveUnchecked) {
                self.ghost.report();
                continue;
            }
            self.state[page].store(ALLOCATED, Relaxed);
            self.ghost.handed_out(me.id, page, false);
        }
    }
}
