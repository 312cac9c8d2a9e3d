//! The gfp flag values, the kernel's own numbers, and the questions this library asks of a mask.
//! Knows no allocator.

#![allow(non_upper_case_globals)]

pub const __GFP_HIGH: u32 = 0x20;
pub const __GFP_IO: u32 = 0x40;
pub const __GFP_FS: u32 = 0x80;
pub const __GFP_ZERO: u32 = 0x100;
pub const __GFP_DIRECT_RECLAIM: u32 = 0x400;
pub const __GFP_KSWAPD_RECLAIM: u32 = 0x800;
pub const __GFP_NOWARN: u32 = 0x2000;
pub const __GFP_NOFAIL: u32 = 0x8000;
pub const __GFP_NORETRY: u32 = 0x1_0000;
pub const __GFP_MEMALLOC: u32 = 0x2_0000;
pub const __GFP_COMP: u32 = 0x4_0000;
pub const __GFP_NOMEMALLOC: u32 = 0x8_0000;
pub const __GFP_RECLAIM: u32 = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;
pub const GFP_KERNEL: u32 = __GFP_RECLAIM | __GFP_IO | __GFP_FS;

/// Not the kernel's and not for masks that users see: wait for the page allocator's locks, although
/// nothing may be grown or reclaimed. For threads that free (see `mempool/serve`).
pub const PATIENT: u32 = 1 << 31;

/// Not the kernel's either: for the first pass of a request that may sleep. It may commit more memory, so
/// that a pool's reserve stays whole, but leaves other CPUs' slabs alone (see `mempool/ready`).
pub const EASY: u32 = 1 << 30;

/// Nor this: a pool's direct path asks, which steps aside while debugging aids are on: only the general one
/// knows what they do to pools.
pub const SHORTCUT: u32 = 1 << 29;

/// A mask as C code may give it: what is ours in it has no meaning there.
pub fn of_user(gfp: u32) -> u32 {
    gfp & !(PATIENT | EASY | SHORTCUT)
}

/// May this request sleep?
pub fn may_sleep(gfp: u32) -> bool {
    gfp & __GFP_DIRECT_RECLAIM != 0
}

/// May this request wait for a lock?
pub fn may_wait_for_locks(gfp: u32) -> bool {
    gfp & (__GFP_DIRECT_RECLAIM | PATIENT | EASY) != 0
}

/// May this request use the allocator's emergency pages? `__GFP_NOMEMALLOC` takes back only what
/// `__GFP_MEMALLOC` gave.
pub fn may_use_emergency(gfp: u32) -> bool {
    let memalloc = gfp & (__GFP_MEMALLOC | __GFP_NOMEMALLOC) == __GFP_MEMALLOC;
    gfp & __GFP_HIGH != 0 || memalloc
}
