//! Blocks taken apart: `split_page`, and `alloc_pages_exact`, which keeps only the pages asked for.
//! Knows no cache and no limit.

use super::{MAX_ORDER, alloc, free, state, watched};
use crate::arena::map::{ARENA, PAGE_SIZE};
use crate::observe::report;

/// Turns a held, non-compound block into 2^order single pages.
pub fn split(idx: u32, order: u32) {
    if !state::split(&ARENA, idx, order) {
        return report::bug(format_args!("page {idx} can't be split as a block of order {order}"));
    }
    watched::split(idx, order);
}

/// As many neighbouring pages as `bytes` need, none more.
pub fn exact_alloc(gfp: u32, bytes: usize) -> Option<u32> {
    let pages = bytes.div_ceil(PAGE_SIZE);
    if pages == 0 || pages > 1 << MAX_ORDER {
        return None;
    }
    let order = pages.next_power_of_two().ilog2();
    let idx = alloc(gfp & !crate::gfp::__GFP_COMP, order)?;
    split(idx, order);
    watched::by_address(idx, 0);
    (idx + 1..idx + pages as u32).for_each(watched::behind_another);
    for spare in idx + pages as u32..idx + (1 << order) {
        free(spare, 0);
    }
    Some(idx)
}

pub fn exact_free(idx: u32, bytes: usize) {
    for page in 0..bytes.div_ceil(PAGE_SIZE).min(1 << MAX_ORDER) {
        free(idx + page as u32, 0);
    }
}
