//! Models of the page cache: the protocol between slabs, depot, drain and sleepers, small enough that
//! loom walks through every interleaving (up to a bound of preemptions) and shuttle through many
//! random ones of larger mixes. Knows nothing of addresses, masks and system calls.
//!
//! | room | what it is |
//! |---|---|
//! | `bug` | the mistakes that can be seeded, one for each rule |
//! | `protocol` | the rules themselves, compiled once for each checker |
//! | `real` | the library's own lock.rs and event.rs, over a checker's atomics and a futex model |
//! | `loom_side`, `shuttle_side` | what a checker gives: mutex, atomics, threads; how a model is run |
//!
//! The checks are in `checks/`, one file for each invariant of the design: under loom (`main.rs`) small
//! worlds of two or three threads, under shuttle (`mixes.rs`) larger ones. A check whose name begins
//! with `finds` seeds a mistake and fails unless the checker finds it; one that begins with `limit`
//! shows in the same way what the protocol does not promise.
//!
//! Not modelled: the second stack of a slab (whole words obey the same rules), fork, and the pools.

// Each checker gets its own copy of the protocol and of the library's files.
#![allow(clippy::duplicate_mod)]

pub mod bug;
mod finds;
pub mod loom_side;
pub mod shuttle_side;

pub use finds::finds;
