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

use core::sync::atomic::{AtomicIsize, AtomicU32, AtomicUsize, Ordering::*};

/// What every section needs, side by side. `cpus` is 0 until `install`: then all sections fail.
#[repr(C, align(64))]
struct Setup {
    cpus: AtomicU32,
    offset: AtomicIsize,
    slabs: AtomicUsize,
}

/// The sections on slabs name this distance in figures.
const _: () = assert!(core::mem::offset_of!(Setup, slabs) == 16);

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
    // Release: a section loads the offset, the count, and where the slabs are, in this order (x86-64 keeps it). An offset
    // without a count fails at the count; a count that is seen was stored after the slabs.
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
/// `{slab}`: what the CPU's number, shifted by `$shift`, becomes when `$base` is added. `$body` jumps to 23
/// when it can't, and its last instruction is the commit. `$fail` runs then. What a section needs of `SETUP`
/// it takes from there itself: so it keeps few registers busy, and its callers save few.
macro_rules! section {
    ([$($body:literal),+], [$($fail:literal),*], $shift:expr, $base:literal, $($operands:tt)*) => {
        asm!(
            ".pushsection __rseq_cs, \"aw\"",
            ".balign 32",
            "29: .long 0, 0",
            ".quad 21f, (22f - 21f), 24f",
            ".popsection",
            "mov {offset}, qword ptr [rip + {setup} + {at_offset}]",
            "test {offset}, {offset}", // 0 before `install`: no place to write to
            "jz 23f",
            "20: lea {slab}, [rip + 29b]",
            "mov qword ptr fs:[{offset} + {rseq_cs}], {slab}",
            "21: mov {slab:e}, dword ptr fs:[{offset} + {cpu_id}]",
            "cmp {slab:e}, dword ptr [rip + {setup} + {at_cpus}]",
            "jae 23f",
            "shl {slab}, {shift}",
            concat!("add {slab}, ", $base),
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
            offset = out(reg) _,
            setup = sym SETUP,
            at_offset = const core::mem::offset_of!(Setup, offset),
            at_cpus = const core::mem::offset_of!(Setup, cpus),
            shift = const $shift,
            cpu_id = const CPU_ID,
            rseq_cs = const RSEQ_CS,
            $($operands)*
        )
    };
}

mod many;
mod one;
mod run;

pub use many::{len, pop, pop_addresses, popped, push, push_addresses, run_len};
pub use one::{add, pop_one, push_one};
pub use run::{put_run, take_run};
