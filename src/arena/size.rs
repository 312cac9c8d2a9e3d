//! How large the arena may become: the configured limit, or three quarters of what the machine or
//! its memory cgroup allows. Knows no mapping.

use super::cgroup;
use crate::config;

const PAGE: u64 = 4096;
/// Page indices are 32 bits; some are stored plus one, and one number says "none".
const MOST_PAGES: u64 = 1 << 30;

/// The largest number of pages ever to commit.
pub fn limit_pages() -> u64 {
    let configured = config::get().limit_bytes;
    let bytes = if configured != 0 { configured } else { allowed_bytes() / 4 * 3 };
    (bytes / PAGE).clamp(1, MOST_PAGES)
}

fn allowed_bytes() -> u64 {
    // SAFETY: sysconf has no precondition.
    let pages = unsafe { libc::sysconf(libc::_SC_PHYS_PAGES) };
    let machine = u64::try_from(pages).unwrap_or(1 << 18) * PAGE;
    machine.min(cgroup::limit().unwrap_or(u64::MAX))
}
