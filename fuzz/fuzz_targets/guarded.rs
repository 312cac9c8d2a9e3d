//! Bytes that end where memory ends, but for alignment: touching what follows them is a crash, without any sanitizer. Knows no
//! structure. Invariant: the page behind the buffer has no access.

use std::ptr;
use std::sync::OnceLock;

const ROOM: usize = 8192;

fn room() -> *mut u8 {
    static START: OnceLock<usize> = OnceLock::new();
    let start = START.get_or_init(|| {
        let (none, plain) = (libc::PROT_NONE, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: a new mapping, of which all but the last page is made usable.
        unsafe {
            let at = libc::mmap(ptr::null_mut(), ROOM + 4096, none, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            assert!(at != libc::MAP_FAILED && libc::mprotect(at, ROOM, plain) == 0);
            at.expose_provenance()
        }
    });
    ptr::with_exposed_provenance_mut(*start)
}

/// A copy of the bytes, aligned as structures are, which the next call overwrites. Less than eight bytes lie between
/// its end and the end of memory.
pub fn at_the_end(bytes: &[u8]) -> *mut u8 {
    assert!(bytes.len() <= ROOM);
    // SAFETY: the copy lies inside the usable part.
    unsafe {
        let at = room().add((ROOM - bytes.len()) & !7);
        ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
        at
    }
}
