//! What others may see of the library's work. Knows nothing about pages or pools.

pub mod aids;
pub mod fault;
pub mod hooks;
pub mod probe;
pub mod report;
pub mod text;
