//! Address space: one reservation, committed in chunks, never moved. The only place where page
//! indices and addresses meet. Knows nothing of which pages are free.

mod cgroup;
mod growth;
pub mod map;
pub mod memfd;
mod memory;
mod os;
pub mod run;
mod size;
pub mod states;
pub mod view;
pub mod vmap;
pub mod wide;

pub use growth::{CHUNK_PAGES, Leaving, reserve};
pub use map::Arena;
