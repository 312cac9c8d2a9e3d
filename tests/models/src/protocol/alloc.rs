//! Getting pages: this CPU's slab, then under the depot lock the depot, growth, drain; then fail or
//! sleep. Every page is checked as it is handed out. No lock is held when this returns or sleeps.

use super::cpu::Thread;
use super::depot::{Depot, Open};
use super::slab::{For, Moved};
use super::{ALLOCATED, BAD, FREE, FREE_CLEAN, Page, World};
use crate::bug::Bug;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What a request may do when pages are short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    pub n: usize,
    /// May commit more memory.
    pub grow: bool,
    /// Takes fewer pages rather than none.
    pub some: bool,
}

impl Want {
    pub fn pages(n: usize) -> Self {
        Want { n, grow: false, some: false }
    }

    pub fn growing(self) -> Self {
        Want { grow: true, ..self }
    }

    pub fn or_fewer(self) -> Self {
        Want { some: true, ..self }
    }
}

/// Nobody gives up waiting in a model: a sleeper that nobody wakes is a deadlock, which is found.
const FOR_EVER: Duration = Duration::from_secs(1 << 40);

impl World {
    /// Pages for a request that may fail.
    pub fn alloc(&self, me: &Thread, want: Want) -> Vec<Page> {
        self.try_alloc(me, want, false)
    }

    /// Pages for a request that may sleep: it never fails.
    pub fn alloc_sleeping(&self, me: &Thread, want: Want) -> Vec<Page> {
        let only_try = self.has(Bug::LastTryOnlyTriesLock);
        self.sleep_until(|| Some(self.try_alloc(me, want, only_try)).filter(|got| got.len() == want.n))
    }

    /// A block: all of `pages`, each of which must be free. Blocks come from the depot only.
    pub fn alloc_block_sleeping(&self, me: &Thread, pages: &[Page]) {
        self.sleep_until(|| {
            let mut depot = self.lock_depot();
            let there = |depot: &Depot| pages.iter().all(|page| depot.free.contains(page));
            if !there(&depot) {
                self.drain(&mut depot);
            }
            there(&depot).then(|| {
                depot.free.retain(|page| !pages.contains(page));
                pages.iter().for_each(|page| assert!(self.hand_out(me, *page)));
            })
        })
    }

    fn sleep_until<T>(&self, attempt: impl Fn() -> Option<T>) -> T {
        loop {
            if self.has(Bug::InterestAfterTry) {
                if let Some(got) = attempt() {
                    return got;
                }
                self.event.interest().sleep(FOR_EVER);
                continue;
            }
            let interest = self.event.interest();
            if let Some(got) = attempt() {
                return got;
            }
            interest.sleep(FOR_EVER);
        }
    }

    fn try_alloc(&self, me: &Thread, want: Want, only_try: bool) -> Vec<Page> {
        let mut popped = Vec::new();
        if self.pop(me, want.n, For::User, &mut popped) != Moved::Stopped {
            self.ghost.popped(popped.len());
        }
        let mut got: Vec<Page> = popped.into_iter().filter(|page| self.hand_out(me, *page)).collect();
        if got.len() < want.n {
            // Pages that this request holds outside the lock; somebody may have missed them.
            let popped = !got.is_empty();
            let depot = if only_try { self.depot.try_lock() } else { Some(self.lock_depot()) };
            match depot {
                Some(depot) => self.take_from_depot(me, depot, want, &mut got, popped),
                None => self.give_up(None, want, &mut got, popped),
            }
        }
        got
    }

    fn take_from_depot(&self, me: &Thread, mut depot: Open<'_>, want: Want, got: &mut Vec<Page>, popped: bool) {
        self.take(me, &mut depot, want.n, got);
        let grown = got.len() < want.n && want.grow && self.grow(&mut depot);
        self.take(me, &mut depot, want.n, got);
        if got.len() < want.n {
            self.drain(&mut depot);
            self.take(me, &mut depot, want.n, got);
        }
        // What growth leaves in the depot may be what a sleeper waits for.
        let tell = grown && !self.has(Bug::GrowthIsSilent);
        if got.len() < want.n {
            return self.give_up(Some(depot), want, got, tell || popped);
        }
        let depot = self.refill(depot, me);
        self.unlock_depot(depot, tell);
    }

    /// Too few: they are delivered or go back. If some were popped, somebody may have looked for them in
    /// vain meanwhile and gone to sleep, so whoever sleeps is told. Pages that only left the depot under
    /// this very lock were missed by nobody; telling would wake the caller itself, for ever.
    fn give_up(&self, depot: Option<Open<'_>>, want: Want, got: &mut Vec<Page>, tell: bool) {
        let back = if want.some { Vec::new() } else { std::mem::take(got) };
        if self.has(Bug::PartialDropped) || (back.is_empty() && depot.is_none()) {
            return;
        }
        let mut depot = depot.unwrap_or_else(|| self.lock_depot());
        for page in &back {
            self.ghost.gave_back(*page);
            self.state[*page].store(FREE, Relaxed);
            self.put(&mut depot, *page);
        }
        let tell = (tell && !self.has(Bug::PartialReturnedSilently)) || (!back.is_empty() && self.has(Bug::AllReturnsTell));
        self.unlock_depot(depot, tell);
    }

    fn take(&self, me: &Thread, depot: &mut Depot, n: usize, got: &mut Vec<Page>) {
        while got.len() < n {
            let Some(page) = depot.free.pop() else { return };
            if self.hand_out(me, page) {
                got.push(page);
            }
        }
    }

    /// From the free set to a user. A page that is not free is reported and never handed out again.
    fn hand_out(&self, me: &Thread, page: Page) -> bool {
        let state = self.state[page].load(Relaxed);
        if !matches!(state, FREE | FREE_CLEAN) && !self.has(Bug::NoCheckAtHandOut) {
            self.ghost.report();
            self.state[page].store(BAD, Relaxed);
            return false;
        }
        self.state[page].store(ALLOCATED, Relaxed);
        self.ghost.handed_out(me.id, page, state == FREE_CLEAN);
        true
    }
}
