//! The library's lock and event again, each time with one mistake in what they stand on: the seeded
//! bugs of the checks of the real code, whose text stays as it is.

pub mod relaxed;
pub mod unfenced;
pub mod unwoken;
