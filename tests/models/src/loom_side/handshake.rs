//! Section and drain once more, on C11 atomics with the orderings that the code states: what the step
//! by step model of `protocol` takes for granted. One CPU, one slab of two entries, its owner, and a
//! drain from elsewhere that stops, takes, and clears stop again.
//!
//! Steps of the owner go through the CPU's epoch; they are ordered with other steps on that CPU and
//! with a membarrier, as on hardware, and with nothing else.
//!
//! | word | written by | read by |
//! |---|---|---|
//! | stop | drain: 1 relaxed (the membarrier orders it); 0 with `clear` | section, with `look` |
//! | len | section's commit, relaxed; drain: 0 relaxed, stop being 1 | section after stop; drain after the membarrier |
//! | entry | section, beyond len, relaxed | section; drain after the membarrier |

use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering, Ordering::Relaxed};

/// The two orderings that matter, partners of each other, and whether the drain makes a membarrier.
#[derive(Clone, Copy)]
pub struct Orders {
    pub clear: Ordering,
    pub look: Ordering,
    pub membarrier: bool,
}

pub struct Slab {
    orders: Orders,
    epoch: Mutex<usize>,
    stop: AtomicUsize,
    len: AtomicUsize,
    entry: [AtomicUsize; 2],
    /// What is in the pages. Loom objects if two touch one without order between them.
    content: [UnsafeCell<usize>; 2],
}

struct Aborted;

impl Slab {
    pub fn new(orders: Orders) -> Self {
        let word = || AtomicUsize::new(0);
        let content = [UnsafeCell::new(0), UnsafeCell::new(0)];
        Slab { orders, epoch: Mutex::new(0), stop: word(), len: word(), entry: [word(), word()], content }
    }

    /// What every holder of a page does.
    pub fn write(&self, page: usize) {
        // SAFETY: the pointer is a live cell's; that nobody else uses it is what loom checks.
        self.content[page].with_mut(|content| unsafe { *content += 1 });
    }

    /// False if the slab is stopped.
    pub fn push(&self, page: usize) -> bool {
        loop {
            if let Ok(pushed) = self.try_push(page) {
                return pushed;
            }
        }
    }

    /// The top page, unless the slab is stopped or empty.
    pub fn pop(&self) -> Option<usize> {
        loop {
            if let Ok(popped) = self.try_pop() {
                return popped;
            }
        }
    }

    /// Takes all, then opens the slab again.
    pub fn drain(&self) -> Vec<usize> {
        self.stop.store(1, Relaxed);
        if self.orders.membarrier {
            *self.epoch.lock().unwrap() += 1;
        }
        let len = self.len.load(Relaxed);
        let taken = self.entry[..len].iter().map(|entry| entry.load(Relaxed)).collect();
        self.len.store(0, Relaxed);
        self.stop.store(0, self.orders.clear);
        taken
    }

    fn try_push(&self, page: usize) -> Result<bool, Aborted> {
        let epoch = *self.epoch.lock().unwrap();
        if self.step(epoch, || self.stop.load(self.orders.look))? != 0 {
            return Ok(false);
        }
        let len = self.step(epoch, || self.len.load(Relaxed))?;
        self.step(epoch, || self.entry[len].store(page, Relaxed))?;
        self.step(epoch, || self.len.store(len + 1, Relaxed))?;
        Ok(true)
    }

    fn try_pop(&self) -> Result<Option<usize>, Aborted> {
        let epoch = *self.epoch.lock().unwrap();
        if self.step(epoch, || self.stop.load(self.orders.look))? != 0 {
            return Ok(None);
        }
        let len = self.step(epoch, || self.len.load(Relaxed))?;
        if len == 0 {
            return Ok(None);
        }
        let page = self.step(epoch, || self.entry[len - 1].load(Relaxed))?;
        self.step(epoch, || self.len.store(len - 1, Relaxed))?;
        Ok(Some(page))
    }

    fn step<R>(&self, epoch: usize, step: impl FnOnce() -> R) -> Result<R, Aborted> {
        let now = self.epoch.lock().unwrap();
        if *now == epoch { Ok(step()) } else { Err(Aborted) }
    }
}
