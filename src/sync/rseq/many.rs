//! Sections that move many entries. They copy four at a time, then the rest one by one: so an entry is
//! loaded as it was stored whenever as many are popped as were pushed, and no load has to wait for two
//! stores to reach the cache.

use super::super::batch::{BATCH, Batch};
use super::super::slab::{POPPED_ONE, SLAB_SHIFT, Slab, Stack};
use super::{CPU_ID, RSEQ_CS, SETUP, Setup};
use core::arch::asm;
use core::sync::atomic::Ordering::*;

/// How many entries this CPU's stack has; it may have changed by the time this is used. 0 without sections.
#[inline(always)]
pub fn len<S: Stack>() -> usize {
    mine().map_or(0, Slab::len::<S>)
}

/// The same for those that ever left it by a pop.
#[inline(always)]
pub fn popped<S: Stack>() -> u64 {
    mine().map_or(0, Slab::popped::<S>)
}

/// The same for the length of the run.
pub fn run_len() -> u32 {
    mine().map_or(0, Slab::run_len)
}

/// The slab of this CPU, for a look.
#[inline(always)]
fn mine() -> Option<&'static Slab> {
    let cpus = SETUP.cpus.load(Relaxed);
    let cpu: u32;
    if cpus == 0 {
        return None;
    }
    // SAFETY: once installed, the offset is that of the thread's `struct rseq`.
    unsafe { asm!("mov {cpu:e}, dword ptr fs:[{offset} + {cpu_id}]", cpu = out(reg) cpu, offset = in(reg) SETUP.offset.load(Relaxed), cpu_id = const CPU_ID, options(nostack, readonly, preserves_flags)) };
    // SAFETY: `install` was given a slab for every CPU below `cpus`, all atomics.
    (cpu < cpus).then(|| unsafe { &*core::ptr::with_exposed_provenance::<Slab>(SETUP.slabs.load(Relaxed) + ((cpu as usize) << SLAB_SHIFT)) })
}

/// The frame of a pop: from the top of the stack, in its order, `$four` moves the entries from `{i} - 4` on and `$one` the
/// entry `{i}`, of `n` in all.
macro_rules! pop_section {
    ([$($four:literal),+], [$($one:literal),+], $most:expr, $n:ident, $($operands:tt)*) => {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {header}, qword ptr [{slab} + {at_header}]",
                "movzx {i:e}, {header:x}",
                "mov {n}, {most}",
                "cmp {i}, {n}",
                "cmovb {n}, {i}",
                "test {n}, {n}",
                "jz 23f",
                "sub {i}, {n}",
                "lea {slab}, [{slab} + 4*{i}]",
                "neg {i}",
                "mov {back}, {i}",
                "xor {i:e}, {i:e}",
                "jmp 26f",
                "25:",
                $($four,)+
                "26: add {i}, 4",
                "cmp {i}, {n}",
                "jbe 25b",
                "sub {i}, 4",
                "jmp 28f",
                "27:",
                $($one,)+
                "inc {i}",
                "28: cmp {i}, {n}",
                "jb 27b",
                "imul {i}, {n}, {popped_one}",
                "add {header}, {i}",
                "mov qword ptr [{slab} + 4*{back} + {at_header}], {header}"
            ],
            ["xor {n:e}, {n:e}"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            header = out(reg) _,
            i = out(reg) _,
            back = out(reg) _,
            n = out(reg) $n,
            one = out(reg) _,
            most = in(reg) $most.min(BATCH),
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            popped_one = const POPPED_ONE,
            options(nostack),
            $($operands)*
        )
    };
}

/// The frame of a push: to the top of the stack, from the front of what there is and as far as there is room, the same way.
macro_rules! push_section {
    ([$($four:literal),+], [$($one:literal),+], $count:expr, $n:ident, $($operands:tt)*) => {
        section!(
            [
                "cmp dword ptr [{slab}], 0",
                "jne 23f",
                "mov {header}, qword ptr [{slab} + {at_header}]",
                "movzx {i:e}, {header:x}",
                "mov {n:e}, {capacity}",
                "sub {n}, {i}",
                "cmp {n}, {count}",
                "cmova {n}, {count}",
                "test {n}, {n}",
                "jz 23f",
                "lea {top}, [{slab} + 4*{i}]",
                "xor {i:e}, {i:e}",
                "jmp 26f",
                "25:",
                $($four,)+
                "26: add {i}, 4",
                "cmp {i}, {n}",
                "jbe 25b",
                "sub {i}, 4",
                "jmp 28f",
                "27:",
                $($one,)+
                "mov dword ptr [{top} + 4*{i} + {at_entries}], {one:e}",
                "inc {i}",
                "28: cmp {i}, {n}",
                "jb 27b",
                "add {header}, {n}",
                "mov qword ptr [{slab} + {at_header}], {header}"
            ],
            ["xor {n:e}, {n:e}"],
            SLAB_SHIFT, "qword ptr [rip + {setup} + 16]",
            header = out(reg) _,
            i = out(reg) _,
            top = out(reg) _,
            n = out(reg) $n,
            one = out(reg) _,
            count = in(reg) $count,
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            capacity = const S::CAPACITY,
            options(nostack),
            $($operands)*
        )
    };
}

/// Replaces a batch by up to `most` entries from the top of this CPU's stack, in the stack's order.
#[inline(always)]
pub fn pop<S: Stack>(out: &mut Batch, most: usize) {
    let n: usize;
    // SAFETY: as in `pop_one`; the copy reads `n` entries below `len` and writes as many into `out`, which
    // has room for a batch.
    unsafe {
        pop_section!(
            ["movups {four}, xmmword ptr [{slab} + 4*{i} + {at_entries} - 16]", "movups xmmword ptr [{out} + 4*{i} - 16], {four}"],
            ["mov {one:e}, dword ptr [{slab} + 4*{i} + {at_entries}]", "mov dword ptr [{out} + 4*{i}], {one:e}"],
            most, n,
            four = out(xmm_reg) _,
            out = in(reg) out.as_mut_ptr(),
        );
        out.set_len(n);
    }
}

/// Puts entries on this CPU's stack, from the front and as far as there is room; how many.
#[inline(always)]
pub fn push<S: Stack>(entries: &[u32]) -> usize {
    let n: usize;
    // SAFETY: as in `pop`, the other way round: what is written before the commit lies above `len` and
    // below the stack's capacity.
    unsafe {
        push_section!(
            ["movups {four}, xmmword ptr [{entries} + 4*{i} - 16]", "movups xmmword ptr [{top} + 4*{i} + {at_entries} - 16], {four}"],
            ["mov {one:e}, dword ptr [{entries} + 4*{i}]"],
            entries.len(), n,
            four = out(xmm_reg) _,
            entries = in(reg) entries.as_ptr(),
        );
    }
    n
}

/// Moves entries from the top of this CPU's stack, in the stack's order, each as the address that lies as
/// many units of 64 bytes behind `base`: up to `out.len()`; how many.
#[inline(always)]
pub fn pop_addresses<S: Stack, T>(out: &mut [*mut T], base: usize) -> usize {
    let n: usize;
    // SAFETY: as in `pop`; writes `n` addresses of the slice, at most a batch.
    unsafe {
        pop_section!(
            [
                "movups {two}, xmmword ptr [{slab} + 4*{i} + {at_entries} - 16]",
                "pshufd {more}, {two}, 0xfa", // entries 2, 2, 3, 3
                "pshufd {two}, {two}, 0x50",  // entries 0, 0, 1, 1
                "psrlq {more}, 32",
                "psrlq {two}, 32",
                "psllq {more}, 6",
                "psllq {two}, 6",
                "paddq {more}, {bases}",
                "paddq {two}, {bases}",
                "movups xmmword ptr [{out} + 8*{i} - 32], {two}",
                "movups xmmword ptr [{out} + 8*{i} - 16], {more}"
            ],
            [
                "mov {one:e}, dword ptr [{slab} + 4*{i} + {at_entries}]",
                "shl {one}, 6",
                "add {one}, {base_of_addresses}",
                "mov qword ptr [{out} + 8*{i}], {one}"
            ],
            out.len(), n,
            two = out(xmm_reg) _,
            more = out(xmm_reg) _,
            bases = in(xmm_reg) core::arch::x86_64::_mm_set1_epi64x(base as i64),
            out = in(reg) out.as_mut_ptr(),
            base_of_addresses = in(reg) base,
        );
    }
    n
}

/// Puts entries made of addresses on this CPU's stack, from the front and as far as there is room: each
/// is its distance from `base` in units of 64 bytes. How many.
#[inline(always)]
pub fn push_addresses<S: Stack, T>(addresses: &[*mut T], base: usize) -> usize {
    let n: usize;
    // SAFETY: as in `push`; reads `n` addresses of the slice, dereferences none.
    unsafe {
        push_section!(
            [
                "movups {two}, xmmword ptr [{addresses} + 8*{i} - 32]",
                "movups {more}, xmmword ptr [{addresses} + 8*{i} - 16]",
                "psubq {two}, {bases}",
                "psubq {more}, {bases}",
                "psrlq {two}, 6",
                "psrlq {more}, 6",
                "shufps {two}, {more}, 0x88", // the lower halves of all four
                "movups xmmword ptr [{top} + 4*{i} + {at_entries} - 16], {two}"
            ],
            ["mov {one}, qword ptr [{addresses} + 8*{i}]", "sub {one}, {base_of_addresses}", "shr {one}, 6"],
            addresses.len(), n,
            two = out(xmm_reg) _,
            more = out(xmm_reg) _,
            bases = in(xmm_reg) core::arch::x86_64::_mm_set1_epi64x(base as i64),
            addresses = in(reg) addresses.as_ptr(),
            base_of_addresses = in(reg) base,
        );
    }
    n
}
