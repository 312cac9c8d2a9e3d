//! The pools. Below them the page allocator; above them only the C functions. No lock is held around
//! any user callback; two functions in `reserve` are the only hands on the reserve of a pool in use.

pub mod alloc;
pub mod bulk;
mod calls;
mod claims;
mod direct;
mod finish;
mod late;
mod mismatch;
pub mod poison;
pub mod pool;
mod queue;
pub mod raw;
pub mod ready;
pub mod request;
mod reserve;
pub mod resize;
pub mod runs;
mod serve;
pub mod slab;
pub mod stats;
mod wait;
mod waiting;
