//! The page allocator: who owns which page. Below it the arena, which knows only addresses; above it
//! the pools. Never calls a user's function while it holds a lock.
#![forbid(unsafe_code)]

mod alloc;
mod cache;
pub mod child;
mod depot;
mod exact;
mod first;
mod front;
mod holes;
mod lists;
mod many;
mod masks;
mod overflow;
mod refs;
mod release;
mod scarce;
mod scope;
mod shelf;
mod shrink;
mod state;
mod stats;
mod transit;
mod trim;
mod twice;
pub mod vmap;
mod watched;

pub use alloc::{alloc, alloc_one, alloc_one_cached};
pub use exact::{exact_alloc, exact_free, split};
pub use first::{aids_changed, memfd};
pub use holes::regions;
pub use many::{Prefer, alloc_many, are_few, cached_run, for_each};
pub use refs::{compound_order, count, get, head_of, order, private, set_private, touch};
pub use release::{free, free_one, put, put_many, put_run, shelve, unshelve};
pub use scope::{NOFS, NOIO, scope_restore, scope_save};
pub use shelf::Shelved;
pub use shrink::{FS, IO, Scan, Shrinker, register, unregister};
pub use stats::{Stats, WAITS, dump, stats};
pub use trim::{trim, untrim};
pub use watched::by_address;

use crate::sync::Event;

/// The highest order of a block, as the kernel's MAX_PAGE_ORDER.
pub const MAX_ORDER: u32 = 10;

/// Notified whenever a page or an element comes back; every sleeper of the library waits here.
pub static RETURNED: Event = Event::new();
