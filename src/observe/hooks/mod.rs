//! What tools that watch memory are told: AddressSanitizer and ThreadSanitizer in programs compiled for them,
//! Valgrind's memcheck. Does nothing, at the price of a look at one word, where there is none of them.
//! Knows no page and no pool.

mod memcheck;
pub mod memory;
mod weak;

use super::aids;

pub use weak::{lsan_root, print_stack};

/// Finds out which tools there are; before the first page and the first pool.
pub fn detect() {
    let asan = if weak::has_asan() { aids::ASAN } else { 0 };
    let tsan = if weak::has_tsan() { aids::TSAN } else { 0 };
    let memcheck = if memcheck::is_there() { aids::MEMCHECK } else { 0 };
    if !aids::on(asan | tsan | memcheck) {
        aids::set(asan | tsan | memcheck);
    }
}

/// Nobody may touch these bytes from now on.
pub fn forbid(at: usize, bytes: usize) {
    if aids::on(aids::ASAN) {
        weak::asan_poison(at, bytes);
    }
    if aids::on(aids::MEMCHECK) {
        memcheck::forbid(at, bytes);
    }
}

/// Ends that; `defined`: what stands there means something.
pub fn allow(at: usize, bytes: usize, defined: bool) {
    if aids::on(aids::ASAN) {
        weak::asan_unpoison(at, bytes);
    }
    if aids::on(aids::MEMCHECK) {
        memcheck::allow(at, bytes, defined);
    }
}

pub fn is_forbidden(at: usize) -> bool {
    aids::on(aids::ASAN) && weak::asan_is_poisoned(at) != 0 || aids::on(aids::MEMCHECK) && !memcheck::is_allowed(at)
}

/// Does an allocation begin there? Yes, for all that a tool does not know.
pub fn begins_allocation(at: usize) -> bool {
    !aids::on(aids::ASAN) || weak::begins_allocation(at) != 0
}

/// Lets the tool say what it knows of these bytes.
pub fn describe(at: usize) {
    if aids::on(aids::ASAN) {
        weak::asan_describe(at);
    }
}

/// What this thread did so far comes before what whoever acquires the same address does then.
pub fn release(at: usize) {
    if aids::on(aids::TSAN) {
        weak::tsan_release(at);
    }
}

pub fn acquire(at: usize) {
    if aids::on(aids::TSAN) {
        weak::tsan_acquire(at);
    }
}

/// These bytes are a block of their own, which the user may lose.
pub fn begin_block(at: usize, bytes: usize, defined: bool) {
    if aids::on(aids::MEMCHECK) {
        memcheck::begin_block(at, bytes, defined);
    }
}

/// These bytes were a block of the user's, and are the library's own now.
pub fn allow_structs(at: usize, bytes: usize) {
    if aids::on(aids::MEMCHECK) {
        memcheck::allow(at, bytes, true);
    }
}

/// The block is freed.
pub fn end_block(at: usize) {
    if aids::on(aids::MEMCHECK) {
        memcheck::end_block(at);
    }
}
