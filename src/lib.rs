//! Memory pools and the page bulk allocator of the Linux kernel, for ordinary processes.
//!
//! The rooms, lowest first; each uses only those above it in this list:
//!
//! | room | what it is |
//! |---|---|
//! | `error`, `gfp` | words that every room uses |
//! | `sync` | locks and waiting: the only door to futexes |
//! | `observe` | what others see or change: reports, probes, debugging aids, hooks of tools |
//! | `config` | validated configuration and environment |
//! | `arena` | address space: reserve, commit, index ↔ address |
//! | `pages` | the page allocator |
//! | `mempool` | the pools |
//! | `ffi` | the C functions |
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod error;
pub mod gfp;
pub mod sync;
pub mod observe;
pub mod config;
pub mod arena;
pub mod pages;
pub mod mempool;

pub mod ffi;
