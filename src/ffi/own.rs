//! Our own names for configuration, counters and reports. Knows no page.

use super::convert;
use crate::config::{self, Config};
use crate::error::Error;
use crate::mempool::raw::Mempool;
use crate::mempool::stats;
use crate::observe::report;
use crate::pages;
use crate::sync::system::Fd;
use core::ffi::{c_char, c_int, c_void};

/// Lock committed memory into RAM.
pub const MEMPOOL_BULK_MLOCK: u32 = 1 << 0;
/// Ask for huge pages behind the committed memory.
pub const MEMPOOL_BULK_HUGEPAGES: u32 = 1 << 1;
/// Take the memory of pages from a memfd: other mappings and processes can share it, mempool_bulk_vmap() maps
/// any pages side by side, and a child of fork() sees the same bytes as its parent. Such a child may read,
/// write and map pages, and drop references that are not the last; to allocate, free or trim pages is a BUG
/// there and changes nothing. A child of _Fork() or clone(), which run no fork handlers, must not call the library.
pub const MEMPOOL_BULK_MEMFD: u32 = 1 << 2;

/// Fill what lies in the reserve of a pool of this library's pages, of mempool_kmalloc(), mempool_kvmalloc() or of a
/// slab cache with a pattern, and check it when it is taken out: see mempool_bulk_set_poison().
pub const MEMPOOL_BULK_POISON: u32 = 1 << 3;

const _: () = {
    let known = [config::MLOCK, config::HUGEPAGES, config::MEMFD, config::POISON];
    let named = [MEMPOOL_BULK_MLOCK, MEMPOOL_BULK_HUGEPAGES, MEMPOOL_BULK_MEMFD, MEMPOOL_BULK_POISON];
    let mut i = 0;
    while i < known.len() {
        assert!(known[i] == named[i]);
        i += 1;
    }
};

/// How the process-wide page allocator behaves. Zero every field you do not set.
#[repr(C)]
pub struct mempool_bulk_config {
    /// sizeof(struct mempool_bulk_config)
    pub struct_size: usize,
    /// Most page memory ever committed, in bytes; 0: three quarters of what the machine or its memory
    /// cgroup allows.
    pub limit_bytes: u64,
    /// Committed at once, in bytes; 0: on demand.
    pub prealloc_bytes: u64,
    /// MEMPOOL_BULK_MLOCK, MEMPOOL_BULK_HUGEPAGES, MEMPOOL_BULK_MEMFD, MEMPOOL_BULK_POISON
    pub flags: u32,
    /// Preferred NUMA node or -1
    pub node: i32,
    /// How often a sleeper tries its allocation function again, in milliseconds; 0: 5000.
    pub wait_timeout_ms: u32,
}

/// Counts of single pages. When nobody is busy, pages_allocated - pages_freed == pages_outstanding, pages
/// in a pool's reserve included, and pages_outstanding + pages_free + pages_cached + pages_bad ==
/// pages_committed. pages_committed is what has memory now.
#[repr(C)]
pub struct mempool_bulk_stats {
    pub struct_size: usize,
    pub pages_allocated: u64,
    pub pages_freed: u64,
    pub pages_outstanding: u64,
    pub pages_committed: u64,
    pub pages_free: u64,
    pub pages_cached: u64,
    pub pages_bad: u64,
    pub pages_limit: u64,
    pub commits: u64,
    pub commit_failures: u64,
    pub drains: u64,
    pub refills: u64,
    pub flushes: u64,
    pub waits: u64,
    /// Pieces of 2 MiB that were given back to the system; commits counts those that came from it.
    pub decommits: u64,
    /// How often a shrinker was called.
    pub scans: u64,
}

/// Counts of one pool. waits: how often a thread slept; timeouts: how often a call ended with
/// -ETIMEDOUT; waiters: threads that sleep and requests that are queued now.
#[repr(C)]
pub struct mempool_bulk_pool_stats {
    pub struct_size: usize,
    pub min_nr: u64,
    pub curr_nr: u64,
    pub allocated: u64,
    pub freed: u64,
    pub from_reserve: u64,
    pub waits: u64,
    pub timeouts: u64,
    pub waiters: u64,
}

/// What a report is about.
#[repr(C)]
pub enum mempool_bulk_report {
    /// Something odd that the library could handle.
    MEMPOOL_BULK_REPORT_WARN,
    /// Something that the caller can't have meant.
    MEMPOOL_BULK_REPORT_BUG,
}

/// Copies as many bytes as both sides know; -E2BIG when the caller's longer tail is not zero.
fn read_config(from: *const mempool_bulk_config) -> Result<Config, Error> {
    let mut config = mempool_bulk_config { struct_size: 0, limit_bytes: 0, prealloc_bytes: 0, flags: 0, node: -1, wait_timeout_ms: 0 };
    let known = size_of::<mempool_bulk_config>();
    // SAFETY: the room's rule: a non-NULL config has as many bytes as its first field says, and that
    // field; the copy is cut to what the target holds.
    unsafe {
        let size = (*from).struct_size;
        if size < size_of::<usize>() || size > 4096 {
            return Err(Error::Invalid);
        }
        let tail = core::slice::from_raw_parts(from.cast::<u8>(), size).get(known..).unwrap_or(&[]);
        if tail.iter().any(|byte| *byte != 0) {
            return Err(Error::TooBig);
        }
        core::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut config).cast(), size.min(known));
    }
    let mempool_bulk_config { limit_bytes, prealloc_bytes, flags, node, wait_timeout_ms, .. } = config;
    Ok(Config { limit_bytes, prealloc_bytes, flags, node, wait_timeout_ms, ..Config::DEFAULT })
}

/// Sets the process-wide allocator up, before the first allocation. 0; -EBUSY after it; -EINVAL for
/// NULL, a struct_size below 8 or above 4096, unknown flags, a limit of less than a page, a
/// preallocation above the limit, a node that does not exist; -E2BIG for a longer structure of a newer
/// header that uses what this library does not know. The environment (MEMPOOL_BULK_LIMIT, _PREALLOC,
/// _MLOCK, _HUGEPAGES, _MEMFD, _POISON, _WAIT_MS) overrides it.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_configure(config: *const mempool_bulk_config) -> c_int {
    if config.is_null() {
        return Error::Invalid.errno();
    }
    convert::errno(read_config(config).and_then(config::configure))
}

/// The library's version, as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Fills in as many bytes of a C structure as the caller's struct_size says.
fn write_struct<T>(mut from: T, to: *mut T, set_size: fn(&mut T, usize)) {
    if to.is_null() {
        return;
    }
    // SAFETY: the room's rule: a non-NULL structure has as many bytes as its first field says.
    unsafe {
        let size = to.cast::<usize>().read().min(size_of::<T>());
        set_size(&mut from, size);
        core::ptr::copy_nonoverlapping((&raw const from).cast::<u8>(), to.cast(), size);
    }
}

/// The counters of the page allocator. Set struct_size first.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_get_stats(stats: *mut mempool_bulk_stats) {
    let pages::Stats {
        pages_allocated, pages_freed, pages_outstanding, pages_committed, pages_free, pages_cached, pages_bad,
        pages_limit, commits, commit_failures, drains, refills, flushes, waits, decommits, scans,
    } = pages::stats();
    let all = mempool_bulk_stats {
        struct_size: 0, pages_allocated, pages_freed, pages_outstanding, pages_committed, pages_free, pages_cached,
        pages_bad, pages_limit, commits, commit_failures, drains, refills, flushes, waits, decommits, scans,
    };
    write_struct(all, stats, |s, size| s.struct_size = size);
}

/// The counters of one pool. Set struct_size first. Prefilled elements are not in allocated.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_get_pool_stats(pool: *const Mempool, stats: *mut mempool_bulk_pool_stats) {
    let Some(pool) = convert::pool(pool) else { return };
    let stats::PoolStats { min_nr, curr_nr, allocated, freed, from_reserve, waits, timeouts, waiters } = stats::stats(pool);
    let all = mempool_bulk_pool_stats { struct_size: 0, min_nr, curr_nr, allocated, freed, from_reserve, waits, timeouts, waiters };
    write_struct(all, stats, |s, size| s.struct_size = size);
}

/// Writes the state of the page allocator, and of up to 64 pools at which somebody waits, for a person to
/// read; 0 or a negative errno. The text is no interface and may change.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_dump(fd: c_int) -> c_int {
    let mut to = Fd::new(fd);
    let _ = pages::dump(&mut to).and_then(|()| stats::dump(&mut to));
    -to.error
}

/// Sends reports to fn instead of stderr; NULL brings stderr back. fn runs with no lock of the library
/// held. Without a handler a BUG aborts; with one that returns, the call that met it does nothing
/// further and nothing is lost.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_set_report_handler(r#fn: Option<extern "C" fn(kind: mempool_bulk_report, text: *const c_char, data: *mut c_void)>, data: *mut c_void) {
    // SAFETY: the enum is a C int with the values 0 and 1, which are what the core passes.
    let handler = unsafe { core::mem::transmute::<Option<extern "C" fn(mempool_bulk_report, *const c_char, *mut c_void)>, Option<report::Handler>>(r#fn) };
    report::set_handler(handler, data);
}
