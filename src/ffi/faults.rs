//! Our own names for debugging aids: fault injection and poisoning. Knows no page and no pool.

use super::convert::errno;
use crate::config;
use crate::error::Error;
use crate::mempool::poison;
use crate::observe::fault::{self, Attr, Fault};
use crate::pages;
use core::ffi::{c_int, c_long, c_ulong};
use core::mem::MaybeUninit;

/// What can be made to fail.
#[repr(C)]
pub enum mempool_bulk_fault {
    /// Requests to the page allocator, of any order and mask except __GFP_NOFAIL; one for many pages at
    /// once gets nothing. Its size is the number of pages of a block.
    MEMPOOL_BULK_FAIL_PAGE_ALLOC,
    /// Calls of a pool's allocation function for single elements, each time that a request would make
    /// one: the reserve answers.
    MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC,
    /// The first pass of requests for many elements, once a call: the reserve answers.
    MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK,
}

/// When it fails, decided in this order. probability 0: never. times 0: never, -1: no end of failures.
/// While space is larger than the size of a request (1, or the pages of a block) that is subtracted
/// from it, and the request does not fail. Then only each interval-th request may fail (0 and 1: each),
/// with a probability in percent.
#[repr(C)]
pub struct mempool_bulk_fault_attr {
    pub probability: c_ulong,
    pub interval: c_ulong,
    pub times: c_long,
    pub space: c_ulong,
}

/// Makes something fail on purpose from now on; NULL: no more. 0; -EINVAL for a probability above 100,
/// times below -1 or an unknown fault. May wait for locks, so not for signal handlers; requests of theirs
/// may fail like all others. As long as any fault is set, no request takes the page cache's short way. Who
/// waits for pages or elements looks for them again at each call.
/// MEMPOOL_BULK_FAIL_PAGE_ALLOC, _FAIL_MEMPOOL_ALLOC and _FAIL_MEMPOOL_ALLOC_BULK in the environment do the
/// same from the first use of a pool or page on: "<interval>,<probability>,<space>,<times>".
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_set_fault(which: MaybeUninit<mempool_bulk_fault>, attr: *const mempool_bulk_fault_attr) -> c_int {
    // SAFETY: the enum is a C int, and C may pass any. The room's rule: attr is NULL or a live structure.
    let (which, attr) = unsafe { (which.as_ptr().cast::<u32>().read(), attr.as_ref()) };
    let Some(fault) = fault::ALL.get(which as usize) else { return -libc::EINVAL };
    let attr = attr.map(|a| Attr { probability: a.probability, interval: a.interval, times: a.times, space: a.space });
    errno(set_fault(*fault, attr))
}

fn set_fault(fault: Fault, attr: Option<Attr>) -> Result<(), Error> {
    // First, so that it does not come later and override this.
    config::read_aids(true);
    fault::set(fault, attr)?;
    pages::aids_changed();
    Ok(())
}

/// Poisons the reserve of pools that are set up from now on, or not, whatever the configuration and the
/// environment say; -EBUSY while any pool exists, else 0.
/// For pools of this library's pages, of mempool_kmalloc(), mempool_kvmalloc() or of a slab cache, with
/// the functions that belong to these: an element in the reserve holds 0x6b with 0xa5 at its end, and when
/// it is taken out, 0x5a. One that was changed in between gets a WARN that names the pool and the first
/// changed byte, and is handed out as it is.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_set_poison(on: bool) -> c_int {
    errno(poison::set(on))
}
