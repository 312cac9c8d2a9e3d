//! Address space: one reservation, committed in chunks, never moved. The only place where page
//! indices and addresses meet. Knows nothing of which pages are free.

mod cgroup;
pub mod map;
mod os;
mod size;

pub use map::{Arena, CHUNK_PAGES, arena};
