//! Functions of a sanitizer's runtime, which exist in programs that were compiled for it: references that stay
//! NULL in all others. Assembly, because the language has none.

/// The address of a C function, 0 where there is none.
macro_rules! weak {
    ($name:literal) => {{
        let address: usize;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: reads a word of the library's own table of addresses, which the loader has filled.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name), concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                out(reg) address, options(pure, readonly, nostack, preserves_flags)
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the same.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name), concat!("adrp {0}, :got:", $name), concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) address, options(pure, readonly, nostack, preserves_flags)
            );
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            address = 0;
        }
        address
    }};
}

/// Defines a function that calls the tool's, or is `$otherwise` where there is none.
macro_rules! tool {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? = $symbol:literal, else $otherwise:expr) => {
        $(#[$doc])*
        pub fn $name($($arg: $type),*) $(-> $result)? {
            let address = weak!($symbol);
            match address {
                0 => $otherwise,
                // SAFETY: the name is the runtime's, whose interface says this type; it takes any address.
                _ => unsafe { core::mem::transmute::<usize, unsafe extern "C" fn($($type),*) $(-> $result)?>(address)($($arg),*) },
            }
        }
    };
}

/// Is the program compiled for AddressSanitizer?
pub fn has_asan() -> bool {
    weak!("__asan_poison_memory_region") != 0
}

/// Is the program compiled for ThreadSanitizer?
pub fn has_tsan() -> bool {
    weak!("__tsan_acquire") != 0
}

tool! {
    fn asan_poison(at: usize, bytes: usize) = "__asan_poison_memory_region", else ()
}
tool! {
    fn asan_unpoison(at: usize, bytes: usize) = "__asan_unpoison_memory_region", else ()
}
tool! {
    fn asan_is_poisoned(at: usize) -> i32 = "__asan_address_is_poisoned", else 0
}
tool! {
    /// Writes to stderr what lies there, and who allocated and freed it.
    fn asan_describe(at: usize) = "__asan_describe_address", else ()
}
tool! {
    /// Does an allocation of the C library's begin there?
    fn begins_allocation(at: usize) -> i32 = "__sanitizer_get_ownership", else 1
}
tool! {
    fn print_stack() = "__sanitizer_print_stack_trace", else ()
}
tool! {
    /// Pointers in this range count when leaks are looked for.
    fn lsan_root(at: usize, bytes: usize) = "__lsan_register_root_region", else ()
}
tool! {
    fn tsan_acquire(at: usize) = "__tsan_acquire", else ()
}
tool! {
    fn tsan_release(at: usize) = "__tsan_release", else ()
}
