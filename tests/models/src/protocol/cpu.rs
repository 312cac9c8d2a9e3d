//! A CPU: which thread runs on it, and the memory of its slab. Every access to that memory is one step
//! under the CPU's mutex, so the checker sees all orders of steps and no torn one. That is sequential
//! consistency; what x86 allows beyond it is the subject of `loom_side::handshake`.
//!
//! A section is a transaction: it remembers the CPU's epoch at its first step, and every later step
//! that finds another epoch aborts. A step by another thread of the same CPU is a preemption and moves
//! the epoch; so do a signal and a membarrier. Knows no depot.

use super::Page;
use super::locked::Locked;
use super::sync::Mutex;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// The slab as the hardware sees it.
pub struct Memory {
    pub stop: bool,
    pub header: Header,
    pub entries: Vec<Page>,
}

/// One word: both fields change with one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub len: usize,
    pub popped: usize,
}

pub struct Cpu {
    core: Mutex<Core>,
    /// Fallback only: the slab's lock.
    pub lock: Locked<()>,
}

struct Core {
    running: usize,
    epoch: usize,
    memory: Memory,
}

/// The section was interrupted before its commit.
pub struct Aborted;

/// A thread of the model and the CPUs it runs on in turn: it moves on whenever a section aborts.
pub struct Thread {
    pub id: usize,
    route: &'static [usize],
    at: Cell<usize>,
}

impl Thread {
    pub fn new(id: usize, route: &'static [usize]) -> Self {
        Thread { id, route, at: Cell::new(0) }
    }

    pub fn cpu(&self) -> usize {
        self.route[self.at.get() % self.route.len()]
    }

    pub fn migrate(&self) {
        self.at.set(self.at.get() + 1);
    }
}

impl Cpu {
    pub fn new(room: usize, pages: &[Page], stop: bool) -> Self {
        let mut entries = pages.to_vec();
        // What lies beyond `len` is rubbish, and must never be believed.
        entries.resize(room, Page::MAX);
        let header = Header { len: pages.len(), popped: 0 };
        let memory = Memory { stop, header, entries };
        Cpu { core: Mutex::new(Core { running: usize::MAX, epoch: 0, memory }), lock: Locked::new(()) }
    }

    /// One step from outside any section: under the depot lock, or under the slab's lock.
    pub fn access<R>(&self, step: impl FnOnce(&mut Memory) -> R) -> R {
        step(&mut self.core.lock().unwrap().memory)
    }

    /// A signal, a preemption by some other program, a membarrier's interrupt.
    pub fn interrupt(&self) {
        self.core.lock().unwrap().epoch += 1;
    }
}

pub struct Section<'a> {
    cpu: &'a Cpu,
    thread: usize,
    epoch: Cell<Option<usize>>,
    /// Membarriers that had returned when this section read a stop word of zero (a ghost).
    barriers: &'a AtomicUsize,
    seen: Cell<Option<usize>>,
}

impl<'a> Section<'a> {
    pub fn new(cpu: &'a Cpu, thread: &Thread, barriers: &'a AtomicUsize) -> Self {
        Section { cpu, thread: thread.id, epoch: Cell::new(None), barriers, seen: Cell::new(None) }
    }

    /// One memory access of the section.
    pub fn step<R>(&self, step: impl FnOnce(&mut Memory) -> R) -> Result<R, Aborted> {
        let mut core = self.cpu.core.lock().unwrap();
        if core.running != self.thread {
            core.running = self.thread;
            core.epoch += 1;
        }
        if self.epoch.get().is_some_and(|epoch| epoch != core.epoch) {
            return Err(Aborted);
        }
        self.epoch.set(Some(core.epoch));
        Ok(step(&mut core.memory))
    }

    pub fn stopped(&self) -> Result<bool, Aborted> {
        self.step(|memory| {
            self.seen.set((!memory.stop).then(|| self.barriers.load(SeqCst)));
            memory.stop
        })
    }

    /// The one store that makes the section happen.
    pub fn commit(&self, header: Header) -> Result<(), Aborted> {
        self.step(|memory| {
            if let Some(seen) = self.seen.get() {
                assert_eq!(seen, self.barriers.load(SeqCst), "a section that saw stop = 0 commits after the membarrier");
            }
            memory.header = header;
        })
    }
}
