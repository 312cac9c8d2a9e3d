//! One file for each invariant of the design: what holds, and that a seeded mistake is found.

// Loom's cells are not Sync; that they are shared all the same is what it checks.
#![allow(clippy::arc_with_non_send_sync)]

mod handshake;
mod i01_conservation;
mod i02_only_free_pages;
mod i03_stop_and_membarrier;
mod i04_stop_is_cleared;
mod i05_quotas;
mod i06_partial;
mod i07_fallback;
mod i08_abort;
mod i09_double_free;
mod i10_sleepers;
mod i12_clean;
mod real_code;
