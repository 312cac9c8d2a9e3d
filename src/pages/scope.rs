//! The per-thread scopes of `memalloc_noio_save` and `memalloc_nofs_save`: they take flags away from
//! requests to the page allocator, and from nothing else. And the scope that a shrinker runs in, whose
//! requests may use the pages kept back: they serve to get more pages.

use crate::gfp::{__GFP_FS, __GFP_IO, __GFP_MEMALLOC};
use core::cell::Cell;

pub const NOIO: u32 = 1;
pub const NOFS: u32 = 2;
const RECLAIMING: u32 = 4;

thread_local!(static SCOPE: Cell<u32> = const { Cell::new(0) });

/// Enters a scope; the value to give back to `scope_restore`.
pub fn scope_save(mask: u32) -> u32 {
    SCOPE.try_with(|s| {
        let old = s.get() & mask;
        s.set(s.get() | mask);
        old
    }).unwrap_or(0)
}

/// Leaves a scope as it was when `scope_save` returned `old`.
pub fn scope_restore(mask: u32, old: u32) {
    let _ = SCOPE.try_with(|s| s.set(s.get() & !mask | old & mask));
}

/// Begins or ends the scope of a shrinker.
pub fn set_reclaiming(reclaiming: bool) {
    let _ = SCOPE.try_with(|s| s.set(s.get() & !RECLAIMING | if reclaiming { RECLAIMING } else { 0 }));
}

/// The mask with what the thread's scopes forbid taken away, and what they allow added.
pub fn apply(gfp: u32) -> u32 {
    match SCOPE.try_with(Cell::get).unwrap_or(0) {
        0 => gfp,
        scopes => apply_scopes(gfp, scopes),
    }
}

fn apply_scopes(gfp: u32, scopes: u32) -> u32 {
    let allowed = if scopes & RECLAIMING != 0 { __GFP_MEMALLOC } else { 0 };
    let forbidden = match scopes {
        s if s & NOIO != 0 => __GFP_IO | __GFP_FS,
        s if s & NOFS != 0 => __GFP_FS,
        _ => 0,
    };
    (gfp | allowed) & !forbidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfp::GFP_KERNEL;

    #[test]
    fn scopes_nest() {
        let outer = scope_save(NOIO);
        let inner = scope_save(NOIO);
        assert_eq!(apply(GFP_KERNEL), 0xc00);
        scope_restore(NOIO, inner);
        assert_eq!(apply(GFP_KERNEL), 0xc00);
        scope_restore(NOIO, outer);
        let nofs = scope_save(NOFS);
        assert_eq!(apply(GFP_KERNEL), 0xc40);
        set_reclaiming(true);
        assert_eq!(apply(GFP_KERNEL), 0x20c40);
        scope_restore(NOFS, nofs);
        assert_eq!(apply(GFP_KERNEL), 0x20cc0);
        set_reclaiming(false);
        assert_eq!(apply(GFP_KERNEL), 0xcc0);
    }
}
