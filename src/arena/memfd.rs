//! The memfd behind the pages, for programs that ask for shared memory: a child of `fork` and other mappings
//! see the same bytes. Page `n` lies at offset `n × 4096`. Never knows whether a page is free.
//!
//! The file has its full size at once, sparse, and is sealed: nobody who has the descriptor can shrink it
//! under us, so no page that was made resident is ever a SIGBUS.
//!
//! | word | meaning |
//! |---|---|
//! | FD −1 | memory is private |
//! | FD n | memory is the file's; set before the arena can be seen, for ever |
//! | DEVICE, INODE | the file that n was: a program may close what it does not know |

use super::os;
use crate::sync::system::Uncancelled;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering::*};
use std::ffi::c_int;

static FD: AtomicI32 = AtomicI32::new(-1);
static DEVICE: AtomicU64 = AtomicU64::new(0);
static INODE: AtomicU64 = AtomicU64::new(0);

/// Is the memory of pages the file's? Relaxed: whoever knows the arena sees what was set before it.
pub fn is_on() -> bool {
    FD.load(Relaxed) >= 0
}

/// The file, if memory is shared and the program has not closed it.
pub fn fd() -> Option<c_int> {
    let fd = FD.load(Relaxed);
    (fd >= 0 && identity(fd) == Some((DEVICE.load(Relaxed), INODE.load(Relaxed)))).then_some(fd)
}

/// How large a file this process may make.
pub fn most_bytes() -> u64 {
    // SAFETY: zero is a valid value of this structure of numbers; getrlimit fills it in.
    let mut limit: libc::rlimit = unsafe { core::mem::zeroed() };
    // SAFETY: a live structure of the type that the call wants.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) } == 0;
    if known { limit.rlim_cur } else { u64::MAX }
}

/// Makes the file and maps it over a reservation of its size, untouchable still. False when the system
/// does not want to: the reservation is as before.
pub fn back(start: usize, bytes: usize) -> bool {
    let Some(fd) = create(bytes) else { return false };
    let id = identity(fd);
    let mapped = id.is_some() && map(start, bytes, fd, 0, libc::PROT_NONE, libc::MAP_NORESERVE);
    if let Some((device, inode)) = id.filter(|_| mapped) {
        DEVICE.store(device, Relaxed);
        INODE.store(inode, Relaxed);
        FD.store(fd, Relaxed);
    } else {
        close(fd);
    }
    mapped
}

/// Maps a part of the file over a reserved range.
pub fn map(start: usize, bytes: usize, fd: c_int, offset: usize, prot: c_int, flags: c_int) -> bool {
    let flags = libc::MAP_SHARED | libc::MAP_FIXED | flags;
    // SAFETY: replaces a range of our own reservation in which nothing is in use.
    unsafe { libc::mmap(with_exposed_provenance_mut(start), bytes, prot, flags, fd, offset as libc::off_t) != libc::MAP_FAILED }
}

fn create(bytes: usize) -> Option<c_int> {
    // A limit that is met would be a signal, not an error.
    if bytes as u64 > most_bytes() {
        return None;
    }
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // Kernels before 6.3 don't know the first kind, and later ones may allow no other.
    let fd = high(memfd(flags | libc::MFD_NOEXEC_SEAL).or_else(|| memfd(flags))?);
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: numbers, on a descriptor of our own.
    let ready = unsafe { libc::ftruncate(fd, bytes as libc::off_t) == 0 && libc::fcntl(fd, libc::F_ADD_SEALS, seals) == 0 };
    if !ready {
        close(fd);
    }
    ready.then_some(fd)
}

fn memfd(flags: libc::c_uint) -> Option<c_int> {
    // SAFETY: a NUL-terminated name and a number.
    let fd = unsafe { libc::syscall(libc::SYS_memfd_create, c"mempool_bulk".as_ptr(), flags) };
    c_int::try_from(fd).ok().filter(|fd| *fd >= 0)
}

/// The same file with a number that nobody takes for the standard streams.
fn high(fd: c_int) -> c_int {
    if fd > 2 {
        return fd;
    }
    // SAFETY: numbers, on a descriptor of our own.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) } {
        -1 => fd,
        higher => {
            close(fd);
            higher
        }
    }
}

fn close(fd: c_int) {
    let _uncancelled = Uncancelled::new();
    // SAFETY: a descriptor of our own that nobody else has seen.
    unsafe { libc::close(fd) };
}

fn identity(fd: c_int) -> Option<(u64, u64)> {
    // SAFETY: zero is a valid value of this structure of numbers; fstat fills it in.
    let mut stat: libc::stat = unsafe { core::mem::zeroed() };
    // SAFETY: a live structure of the type that the call wants.
    let known = unsafe { libc::fstat(fd, &mut stat) } == 0;
    known.then_some((stat.st_dev as u64, stat.st_ino as u64))
}

/// Gives the file memory for a range, for kernels that can't be asked to populate it: touching it without
/// could be a SIGBUS.
pub fn allocate(offset: usize, bytes: usize) -> bool {
    let _uncancelled = Uncancelled::new();
    // SAFETY: numbers, on the file that holds pages' memory; contents do not change.
    fd().is_some_and(|fd| unsafe { libc::fallocate(fd, 0, offset as libc::off_t, bytes as libc::off_t) == 0 })
}

/// Takes a mapped range's memory out of the file: it reads as zero when it comes back. By address, so that a
/// closed descriptor does no harm. False, and nothing changed, when that can't be.
pub fn remove(start: usize, bytes: usize) -> bool {
    if os::advise(start, bytes, libc::MADV_REMOVE) {
        return true;
    }
    // Locked memory is not taken.
    if !os::unlock(start, bytes) {
        return false;
    }
    let removed = os::advise(start, bytes, libc::MADV_REMOVE);
    if !removed {
        os::lock(start, bytes);
    }
    removed
}
