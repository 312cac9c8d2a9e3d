//! Sections on the run of neighbouring numbers that a slab keeps beside its stacks: what programs free
//! together they soon allocate together, and a run moves by its two ends, however long it is.

use super::super::slab::{NOTHING, RUN, RUN_MOST, SLAB_SHIFT, Singles, Stack};
use super::{CPU_ID, RSEQ_CS, SETUP, Setup};
use core::arch::asm;

/// Takes `n` numbers off the end of this CPU's run: the first of them; `NOTHING` when there are fewer.
#[inline(always)]
pub fn take_run(n: u32) -> u32 {
    let first: u32;
    // SAFETY: as in `pop_one`; the one store is of the header and the run together, 16 aligned bytes.
    unsafe {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {run}, qword ptr [{slab} + {at_run}]",
                "mov {popped}, {n}",
                "mov {first:e}, {run:e}",
                "sub {first:e}, {n:e}", // what is left
                "jb 23f",
                "sub {run}, {n}",
                "shl {popped}, 16",
                "add {popped}, qword ptr [{slab} + {at_header}]",
                "movq {pair}, {popped}",
                "movq {high}, {run}",
                "shr {run}, 32",
                "add {first:e}, {run:e}",
                "punpcklqdq {pair}, {high}",
                "movaps xmmword ptr [{slab} + {at_header}], {pair}"
            ],
            ["mov {first:e}, {nothing}"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            run = out(reg) _,
            popped = out(reg) _,
            first = out(reg) first,
            pair = out(xmm_reg) _,
            high = out(xmm_reg) _,
            n = in(reg) u64::from(n),
            at_header = const Singles::HEADER,
            at_run = const RUN,
            nothing = const NOTHING,
            options(nostack),
        );
    }
    first
}

/// Puts `n` neighbours from `first` on to the end of this CPU's run or, when they don't follow it, in its
/// place, if they are more: then the old ones become single entries. False, and nothing done, when neither is
/// possible.
#[inline(always)]
pub fn put_run(first: u32, n: u32) -> bool {
    let failed: u64;
    // SAFETY: as in `take_run`; entries are written above `len`, as far as there is room.
    unsafe {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {run}, qword ptr [{slab} + {at_run}]",
                "mov {header}, qword ptr [{slab} + {at_header}]",
                "mov {len:e}, {run:e}",
                "mov {old}, {run}",
                "shr {old}, 32",
                "lea {top:e}, [{old} + {len}]",
                "cmp {top:e}, {first:e}",
                "jne 25f",
                "add {run}, {n}",
                "add {len:e}, {n:e}",
                "cmp {len:e}, {most}",
                "jbe 28f",
                "jmp 23f",
                "25: cmp {len:e}, {n:e}",
                "jae 23f",
                "movzx {top:e}, {header:x}",
                "lea {run:e}, [{top} + {len}]",
                "cmp {run:e}, {capacity}",
                "ja 23f",
                "add {header}, {len}",
                "jmp 27f",
                "26: mov dword ptr [{slab} + 4*{top} + {at_entries}], {old:e}",
                "inc {old:e}",
                "inc {top:e}",
                "dec {len:e}",
                "27: test {len:e}, {len:e}",
                "jnz 26b",
                "mov {run}, {first}",
                "shl {run}, 32",
                "or {run}, {n}",
                "28: movq {pair}, {header}",
                "movq {high}, {run}",
                "xor {old:e}, {old:e}",
                "punpcklqdq {pair}, {high}",
                "movaps xmmword ptr [{slab} + {at_header}], {pair}"
            ],
            ["mov {old:e}, 1"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            run = out(reg) _,
            header = out(reg) _,
            len = out(reg) _,
            old = out(reg) failed,
            top = out(reg) _,
            pair = out(xmm_reg) _,
            high = out(xmm_reg) _,
            first = in(reg) u64::from(first),
            n = in(reg) u64::from(n),
            at_header = const Singles::HEADER,
            at_entries = const Singles::ENTRIES,
            capacity = const Singles::CAPACITY,
            at_run = const RUN,
            most = const RUN_MOST,
            options(nostack),
        );
    }
    failed == 0
}
