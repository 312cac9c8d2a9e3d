//! The pools. Below them the page allocator; above them only the C functions. No lock is held around
//! any user callback; two functions in `reserve` are the only hands on the reserve.

pub mod alloc;
pub mod bulk;
mod direct;
pub mod pool;
pub mod raw;
pub mod ready;
mod reserve;
pub mod resize;
pub mod runs;
pub mod slab;
pub mod stats;
mod wait;
