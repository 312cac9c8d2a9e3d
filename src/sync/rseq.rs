//! Restartable sections on the slab of the CPU that runs us: pop, push, count. x86-64 only.
//! Knows nothing of what is popped, and never decides what to do when a section can't.
//!
//! A section names itself in the thread's `rseq_cs` word. When the kernel preempts, migrates or signals
//! the thread between `start` and the commit, or when another thread asks for it by `membarrier`, it
//! continues at the abort handler, which starts the section again. So until its last store the section
//! has done nothing, and that store is done on the CPU whose slab it looked at.
//!
//! Only the documented ABI is used: `__rseq_offset` and `__rseq_size` of the C library (2.35 or later),
//! the fields `cpu_id` and `rseq_cs`, and the signature before each abort handler. A thread without a
//! registration has a `cpu_id` beyond every CPU and comes away empty-handed. `rseq_cs` stays set behind
//! a section; the kernel clears it when it next looks, so this library must never be unloaded.
//! A debugger that steps through a section one instruction at a time never gets out of it.

use super::batch::{BATCH, Batch};
use super::stripes::STRIPE_SHIFT;
use super::slab::{NOTHING, POPPED_ONE, SLAB_SHIFT, Slab, Stack};
use core::arch::asm;
use core::sync::atomic::{AtomicIsize, AtomicU32, AtomicUsize, Ordering::*};

/// What every section needs, side by side. `cpus` is 0 until `install`: then all sections fail.
#[repr(C, align(64))]
struct Setup {
    cpus: AtomicU32,
    offset: AtomicIsize,
    slabs: AtomicUsize,
}

static SETUP: Setup = Setup { cpus: AtomicU32::new(0), offset: AtomicIsize::new(0), slabs: AtomicUsize::new(0) };

/// Offsets in the kernel's `struct rseq`.
const CPU_ID: usize = 4;
const RSEQ_CS: usize = 8;

/// Are sections in use?
#[inline(always)]
pub fn installed() -> bool {
    SETUP.cpus.load(Relaxed) != 0
}

/// CPU numbers that sections work for are below this; 0 where there are no sections.
pub fn cpus() -> u32 {
    SETUP.cpus.load(Relaxed)
}

/// Lets sections run on `cpus` slabs from address `slabs` on, if the C library has registered its
/// threads and the kernel can abort sections from afar.
pub fn install(slabs: usize, cpus: u32) -> bool {
    let Some(offset) = registered_offset() else { return false };
    if membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ) != 0 {
        return false;
    }
    SETUP.offset.store(offset, Relaxed);
    SETUP.slabs.store(slabs, Relaxed);
    // Release: a section that sees the count sees the rest (the loads of a section are in order).
    SETUP.cpus.store(cpus, Release);
    true
}

/// Where the C library keeps each thread's `struct rseq`, relative to the thread pointer.
fn registered_offset() -> Option<isize> {
    // SAFETY: both names are data of the C library where they exist: an unsigned int and a ptrdiff_t.
    unsafe {
        let size = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_size".as_ptr()).cast::<u32>();
        let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr()).cast::<isize>();
        (!size.is_null() && !offset.is_null() && *size != 0).then(|| *offset)
    }
}

/// Aborts every section that runs anywhere in this process; those that saw an older stop word are then
/// either committed or will look again.
pub fn abort_all() -> bool {
    if membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) == 0 {
        return true;
    }
    // A child that lost the registration on the way registers again.
    membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ) == 0
        && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) == 0
}

fn membarrier(command: libc::c_int) -> libc::c_long {
    // SAFETY: the call takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
}

/// The frame of every section: `$body` runs between `start` and the commit, with the slab's address in
/// `{slab}`; it jumps to 23 when it can't, and its last instruction is the commit. `$fail` runs then.
macro_rules! section {
    ([$($body:literal),+], [$($fail:literal),*], $shift:expr, $base:expr, $($operands:tt)*) => {
        asm!(
            ".pushsection __rseq_cs, \"aw\"",
            ".balign 32",
            "29: .long 0, 0",
            ".quad 21f, (22f - 21f), 24f",
            ".popsection",
            "test {cpus:e}, {cpus:e}", // before `install`, `offset` is no place to write to
            "jz 23f",
            "20: lea {slab}, [rip + 29b]",
            "mov qword ptr fs:[{offset} + {rseq_cs}], {slab}",
            "21: mov {slab:e}, dword ptr fs:[{offset} + {cpu_id}]",
            "cmp {slab:e}, {cpus:e}",
            "jae 23f",
            "shl {slab}, {shift}",
            "add {slab}, {base}",
            $($body,)+
            "22:",
            ".pushsection __rseq_failure, \"ax\"",
            ".byte 0x0f, 0xb9, 0x3d",
            ".long 0x53053053",
            "24: jmp 20b",
            "23:",
            $($fail,)*
            "jmp 22b",
            ".popsection",
            slab = out(reg) _,
            cpus = in(reg) SETUP.cpus.load(Relaxed),
            offset = in(reg) SETUP.offset.load(Relaxed),
            base = in(reg) $base,
            shift = const $shift,
            cpu_id = const CPU_ID,
            rseq_cs = const RSEQ_CS,
            $($operands)*
        )
    };
}

/// How many entries this CPU's stack has; it may have changed by the time this is used. 0 without sections.
#[inline(always)]
pub fn len<S: Stack>() -> usize {
    let cpus = SETUP.cpus.load(Relaxed);
    let cpu: u32;
    if cpus == 0 {
        return 0;
    }
    // SAFETY: once installed, the offset is that of the thread's `struct rseq`.
    unsafe { asm!("mov {cpu:e}, dword ptr fs:[{offset} + {cpu_id}]", cpu = out(reg) cpu, offset = in(reg) SETUP.offset.load(Relaxed), cpu_id = const CPU_ID, options(nostack, readonly, preserves_flags)) };
    if cpu >= cpus {
        return 0;
    }
    // SAFETY: `install` was given a slab for every CPU below `cpus`, all atomics.
    let slab = unsafe { &*core::ptr::with_exposed_provenance::<Slab>(SETUP.slabs.load(Relaxed) + ((cpu as usize) << SLAB_SHIFT)) };
    slab.len::<S>()
}

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
            SLAB_SHIFT, SETUP.slabs.load(Relaxed),
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
            SLAB_SHIFT, SETUP.slabs.load(Relaxed),
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

/// Replaces a batch by up to `most` entries from the top of this CPU's stack, in the stack's order.
#[inline(always)]
pub fn pop<S: Stack>(out: &mut Batch, most: usize) {
    let n: usize;
    // SAFETY: as in `pop_one`; the copy reads n entries below `len`, rounded up to four (into the slack
    // of the stack), and writes as many into `out`, whose slack is as large.
    unsafe {
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
                "25: movups {four}, xmmword ptr [{slab} + 4*{i} + {at_entries} - 16]",
                "movups xmmword ptr [{out} + 4*{i} - 16], {four}",
                "26: add {i}, 4",
                "cmp {i}, {n}",
                "jbe 25b",
                "sub {i}, 4",
                "jmp 28f",
                "27: mov {one:e}, dword ptr [{slab} + 4*{i} + {at_entries}]",
                "mov dword ptr [{out} + 4*{i}], {one:e}",
                "inc {i}",
                "28: cmp {i}, {n}",
                "jb 27b",
                "imul {i}, {n}, {popped_one}",
                "add {header}, {i}",
                "mov qword ptr [{slab} + 4*{back} + {at_header}], {header}"
            ],
            ["xor {n:e}, {n:e}"],
            SLAB_SHIFT, SETUP.slabs.load(Relaxed),
            header = out(reg) _,
            i = out(reg) _,
            back = out(reg) _,
            n = out(reg) n,
            four = out(xmm_reg) _,
            one = out(reg) _,
            out = in(reg) out.as_mut_ptr(),
            most = in(reg) most.min(BATCH),
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            popped_one = const POPPED_ONE,
            options(nostack),
        );
        out.set_len(n);
    }
}

/// Puts entries on this CPU's stack, from the front and as far as there is room; how many.
#[inline(always)]
pub fn push<S: Stack>(entries: &[u32]) -> usize {
    let n: usize;
    // SAFETY: as in `pop`, the other way round: what is written before the commit lies above `len`, and
    // what the rounding writes too much lies in the stack's slack at most.
    unsafe {
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
                "25: movups {four}, xmmword ptr [{entries} + 4*{i} - 16]",
                "movups xmmword ptr [{top} + 4*{i} + {at_entries} - 16], {four}",
                "26: add {i}, 4",
                "cmp {i}, {n}",
                "jbe 25b",
                "sub {i}, 4",
                "jmp 28f",
                "27: mov {one:e}, dword ptr [{entries} + 4*{i}]",
                "mov dword ptr [{top} + 4*{i} + {at_entries}], {one:e}",
                "inc {i}",
                "28: cmp {i}, {n}",
                "jb 27b",
                "add {header}, {n}",
                "mov qword ptr [{slab} + {at_header}], {header}"
            ],
            ["xor {n:e}, {n:e}"],
            SLAB_SHIFT, SETUP.slabs.load(Relaxed),
            header = out(reg) _,
            i = out(reg) _,
            top = out(reg) _,
            n = out(reg) n,
            four = out(xmm_reg) _,
            one = out(reg) _,
            entries = in(reg) entries.as_ptr(),
            count = in(reg) entries.len(),
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            capacity = const S::CAPACITY,
            options(nostack),
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
                "25: movups {two}, xmmword ptr [{addresses} + 8*{i} - 32]",
                "movups {more}, xmmword ptr [{addresses} + 8*{i} - 16]",
                "psubq {two}, {bases}",
                "psubq {more}, {bases}",
                "psrlq {two}, 6",
                "psrlq {more}, 6",
                "shufps {two}, {more}, 0x88", // the lower halves of all four
                "movups xmmword ptr [{top} + 4*{i} + {at_entries} - 16], {two}",
                "26: add {i}, 4",
                "cmp {i}, {n}",
                "jbe 25b",
                "sub {i}, 4",
                "jmp 28f",
                "27: mov {one}, qword ptr [{addresses} + 8*{i}]",
                "sub {one}, {base_of_addresses}",
                "shr {one}, 6",
                "mov dword ptr [{top} + 4*{i} + {at_entries}], {one:e}",
                "inc {i}",
                "28: cmp {i}, {n}",
                "jb 27b",
                "add {header}, {n}",
                "mov qword ptr [{slab} + {at_header}], {header}"
            ],
            ["xor {n:e}, {n:e}"],
            SLAB_SHIFT, SETUP.slabs.load(Relaxed),
            header = out(reg) _,
            i = out(reg) _,
            top = out(reg) _,
            n = out(reg) n,
            one = out(reg) _,
            two = out(xmm_reg) _,
            more = out(xmm_reg) _,
            bases = in(xmm_reg) core::arch::x86_64::_mm_set1_epi64x(base as i64),
            addresses = in(reg) addresses.as_ptr(),
            base_of_addresses = in(reg) base,
            count = in(reg) addresses.len(),
            at_header = const S::HEADER,
            at_entries = const S::ENTRIES,
            capacity = const S::CAPACITY,
            options(nostack),
        );
    }
    n
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
            STRIPE_SHIFT, first,
            failed = out(reg) failed,
            n = in(reg) n,
            options(nostack),
        );
    }
    failed == 0
}
