//! Elements that were changed while they lay in a reserve. They are found with the pool's lock held, and a
//! report runs the user's code: so what it will say is kept until the thread has let go of its locks.
//! Knows no pattern.
//!
//! | state of a note | meaning |
//! |---|---|
//! | 0 | free |
//! | 1 | somebody writes or reads it |
//! | 2 | to be reported |
#![forbid(unsafe_code)]

use super::raw::Mempool;
use crate::observe::hooks::memory;
use crate::observe::report;
use crate::sync::inside::{Late, run_outside};
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering::*};

/// Bytes before and behind the first bad one that are shown.
const AROUND: usize = 8;

struct Note {
    state: AtomicU32,
    pool: AtomicUsize,
    curr_nr: AtomicU32,
    at: AtomicUsize,
    size: AtomicUsize,
    offset: AtomicUsize,
    window: [AtomicU8; 2 * AROUND + 1],
}

static NOTES: [Note; 8] = [const { Note::none() }; 8];
/// Those for which there was no note left.
static MORE: AtomicU32 = AtomicU32::new(0);

/// The byte at `offset` of the element of `size` bytes at `at` is not what it was.
pub fn found(pool: &Mempool, at: usize, size: usize, offset: usize) {
    let note = NOTES.iter().find(|note| note.state.compare_exchange(0, 1, Acquire, Relaxed).is_ok());
    match note {
        Some(note) => note.write(pool, at, size, offset),
        None => {
            MORE.fetch_add(1, Relaxed);
        }
    }
    run_outside(Late::Poison, tell);
}

fn tell() {
    for note in NOTES.iter().filter(|note| note.state.compare_exchange(2, 1, Acquire, Relaxed).is_ok()) {
        report::warn(format_args!("{note}"));
        note.state.store(0, Release);
    }
    let more = MORE.swap(0, Relaxed);
    if more != 0 {
        report::warn(format_args!("{more} more times: mempool element poison mismatch"));
    }
}

impl Note {
    const fn none() -> Note {
        Note {
            state: AtomicU32::new(0),
            pool: AtomicUsize::new(0),
            curr_nr: AtomicU32::new(0),
            at: AtomicUsize::new(0),
            size: AtomicUsize::new(0),
            offset: AtomicUsize::new(0),
            window: [const { AtomicU8::new(0) }; 2 * AROUND + 1],
        }
    }

    fn write(&self, pool: &Mempool, at: usize, size: usize, offset: usize) {
        self.pool.store(ptr::from_ref(pool).addr(), Relaxed);
        self.curr_nr.store(pool.curr_nr.load(Relaxed) as u32, Relaxed);
        self.at.store(at, Relaxed);
        self.size.store(size, Relaxed);
        self.offset.store(offset, Relaxed);
        for (i, byte) in self.window.iter().enumerate().filter(|(i, _)| in_element(offset, *i, size)) {
            byte.store(memory::byte(at + offset + i - AROUND), Relaxed);
        }
        // Release publishes the note; partner: the Acquire in `tell`.
        self.state.store(2, Release);
    }
}

/// Does byte `i` of the window around `offset` lie in an element of `size` bytes?
fn in_element(offset: usize, i: usize, size: usize) -> bool {
    (AROUND..size + AROUND).contains(&(offset + i))
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, offset, at) = (self.size.load(Relaxed), self.offset.load(Relaxed), self.at.load(Relaxed));
        write!(f, "mempool element poison mismatch: pool {:#x} size {size} curr_nr {}, ", self.pool.load(Relaxed), self.curr_nr.load(Relaxed))?;
        write!(f, "byte {offset} of the element at {at:#x}:{}", if offset > AROUND { " ..." } else { "" })?;
        for (i, byte) in self.window.iter().enumerate().filter(|(i, _)| in_element(offset, *i, size)) {
            let byte = byte.load(Relaxed);
            if i == AROUND { write!(f, " [{byte:02x}]")? } else { write!(f, " {byte:02x}")? }
        }
        if offset + AROUND + 1 < size { f.write_str(" ...") } else { Ok(()) }
    }
}
