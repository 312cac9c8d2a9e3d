//! Requests to Valgrind's memcheck: a sequence of instructions that does nothing, except under Valgrind, and
//! requests whose answer differs, except under memcheck. x86-64 only.

const TOOL: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const NOACCESS: usize = TOOL;
const UNDEFINED: usize = TOOL + 1;
const DEFINED: usize = TOOL + 2;
const IS_ADDRESSABLE: usize = TOOL + 4;
const MALLOCLIKE: usize = 0x1301;
const FREELIKE: usize = 0x1302;

#[cfg(target_arch = "x86_64")]
fn request(what: usize, args: [usize; 4]) -> usize {
    let block = [what, args[0], args[1], args[2], args[3], 0];
    let mut answer = 0usize;
    // SAFETY: rotating by 128 in all, and exchanging a register with itself, changes nothing but flags.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") block.as_ptr(), inout("rdx") answer, options(nostack)
        );
    }
    answer
}

#[cfg(not(target_arch = "x86_64"))]
fn request(_what: usize, _args: [usize; 4]) -> usize {
    0
}

/// Does memcheck run us? Other tools of Valgrind's leave its requests alone.
pub fn is_there() -> bool {
    request(NOACCESS, [0; 4]) == usize::MAX
}

pub fn forbid(at: usize, bytes: usize) {
    request(NOACCESS, [at, bytes, 0, 0]);
}

pub fn allow(at: usize, bytes: usize, defined: bool) {
    request(if defined { DEFINED } else { UNDEFINED }, [at, bytes, 0, 0]);
}

/// May this byte be used? Memcheck reports it if not.
pub fn is_allowed(at: usize) -> bool {
    request(IS_ADDRESSABLE, [at, 1, 0, 0]) == 0
}

/// From now on these bytes are a block that can be lost.
pub fn begin_block(at: usize, bytes: usize, defined: bool) {
    request(MALLOCLIKE, [at, bytes, 0, defined.into()]);
}

/// The block is freed, and forbidden.
pub fn end_block(at: usize) {
    request(FREELIKE, [at, 0, 0, 0]);
}
