//! Sections that move one entry, and the one that counts: the shortest there are.

use super::super::slab::{NOTHING, POPPED_ONE, SLAB_SHIFT, Stack};
use super::super::stripes::STRIPE_SHIFT;
use super::{CPU_ID, RSEQ_CS, SETUP, Setup};
use core::arch::asm;

/// The top entry of this CPU's stack; `NOTHING` when there is none, the slab is stopped, or there are no
/// sections.
#[inline(always)]
pub fn pop_one<S: Stack>() -> u32 {
    let entry: u32;
    // SAFETY: `install` was given slabs of the `Slab` layout for every CPU below `cpus`; the section
    // reads an entry below `len` and writes only the header, by one store.
    unsafe {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {header}, qword ptr [{slab} + {at_header}]",
                "movzx {len:e}, {header:x}",
                "sub {len:e}, 1",
                "jb 23f",
                "mov {entry:e}, dword ptr [{slab} + 4*{len} + {at_entries}]",
                "add {header}, {popped_one}",
                "mov qword ptr [{slab} + {at_header}], {header}"
            ],
            ["mov {entry:e}, {nothing}"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            header = out(reg) _,
            len = out(reg) _,
            entry = out(reg) entry,
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            popped_one = const POPPED_ONE,
            nothing = const NOTHING,
            options(nostack),
        );
    }
    entry
}

/// Puts an entry on this CPU's stack; false when it is full or stopped, or there are no sections.
#[inline(always)]
pub fn push_one<S: Stack>(entry: u32) -> bool {
    let pushed: u32;
    // SAFETY: as in `pop_one`; the one entry written before the commit lies above `len`, below the
    // stack's capacity.
    unsafe {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {header}, qword ptr [{slab} + {at_header}]",
                "movzx {len:e}, {header:x}",
                "cmp {len:e}, {capacity}",
                "jae 23f",
                "mov dword ptr [{slab} + 4*{len} + {at_entries}], {entry:e}",
                "inc {header}",
                "mov qword ptr [{slab} + {at_header}], {header}"
            ],
            ["mov {entry:e}, {nothing}"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            header = out(reg) _,
            len = out(reg) _,
            entry = inout(reg) entry => pushed,
            nothing = const NOTHING,
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            capacity = const S::CAPACITY,
            options(nostack),
        );
    }
    pushed != NOTHING
}

/// Adds `n` to this CPU's copy of the counter whose first copy is at address `first`; false when it
/// can't.
#[inline(always)]
pub fn add(first: usize, n: u64) -> bool {
    let failed: u32;
    // SAFETY: the caller's stripes have a copy of the counter for every CPU below `cpus`; the section
    // is one addition to it.
    unsafe {
        section!(
            ["xor {failed:e}, {failed:e}", "add qword ptr [{slab}], {n}"],
            ["mov {failed:e}, 1"],
            STRIPE_SHIFT, "{first}",
            first = in(reg) first,
            failed = out(reg) failed,
            n = in(reg) n,
            options(nostack),
        );
    }
    failed == 0
}
