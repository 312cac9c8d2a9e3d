//! Requests with a time limit, and requests of event loops. Knows no page.

use super::convert::{self, errno, gfp_t};
use crate::arena::map::Page;
use crate::error::Error;
use crate::mempool::raw::{Mempool, Request};
use crate::mempool::{bulk, request};
use crate::sync::now;
use core::ffi::{c_int, c_uint, c_void};

/// What C has as `struct timespec`.
pub type timespec = libc::timespec;

/// A request that may be queued. Zero the structure before its first use and set the fields; it and
/// its array stay where they are while it is queued.
#[repr(C)]
pub struct mempool_bulk_request {
    /// nr slots; NULL ones are filled by the library.
    pub page_array: *mut *mut Page,
    pub nr: c_uint,
    pub gfp: gfp_t,
    /// Called once when a queued request has all its pages, with no lock of the library held, by a
    /// thread that is inside any call of the library, but never inside fork(). So hold no lock across such a call
    /// that done takes. It may call everything, but should not sleep for elements or pages: its thread may have some
    /// in hand, in the call that runs it. When it has begun, the request may be submitted again or freed. The
    /// completions that its own frees make possible follow when it returns, so it must not wait for them.
    pub done: Option<extern "C" fn(request: *mut mempool_bulk_request)>,
    pub user_data: *mut c_void,
    /// The library's.
    pub room: [u64; 12],
}

const _: () = assert!(size_of::<mempool_bulk_request>() == size_of::<Request>());

fn nanoseconds(time: &timespec) -> Option<u64> {
    let (s, ns) = (u64::try_from(time.tv_sec).ok()?, u64::try_from(time.tv_nsec).ok()?);
    (ns < 1_000_000_000).then(|| s.saturating_mul(1_000_000_000).saturating_add(ns))
}

/// Fills the NULL slots of page_array as mempool_alloc_pages_bulk_array() does, but sleeps no longer
/// than timeout; NULL: for ever. 0; -ETIMEDOUT, and what was obtained is in the array and the caller's;
/// -EINVAL for a NULL array, an impossible time, or a pool that is NULL, was never set up, or is exited meanwhile. A mask that
/// may not sleep tries once, then -ETIMEDOUT.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_alloc_pages_timeout(pool: *mut Mempool, gfp: gfp_t, nr: c_uint, page_array: *mut *mut Page, timeout: *const timespec) -> c_int {
    let (Some(pool), Some(slots)) = (convert::pool(pool), convert::slots(page_array, nr)) else { return -libc::EINVAL };
    let timeout = convert::time(timeout).map(nanoseconds);
    if timeout == Some(None) {
        return -libc::EINVAL;
    }
    let deadline = timeout.flatten().map(|ns| now().saturating_add(ns));
    errno(bulk::array_timeout(pool, gfp, slots, deadline))
}

/// For threads that may not sleep: 1 when the request has all its pages already (done is not called),
/// 0 when it is queued. Uses gfp as a sleeping request does, except that it waits for nobody. A mask
/// without __GFP_DIRECT_RECLAIM tries once: -ENOMEM when short, and what was obtained is in the array
/// and the caller's. -EINVAL for NULL, for no array, or when done is missing and may be needed; with a BUG
/// for a pool that was never set up and a request that is queued already, at this pool or another.
///
/// A queued request is completed by whoever frees into the pool, refills or resizes it, allocates
/// through it with a mask that may sleep, withdraws another request, or, in a pool of the library's own
/// pages, gives pages back to the allocator. No thread of the library's waits for anything: a loop that
/// goes quiet while the pool's own source may recover calls mempool_bulk_refill() now and then. So does
/// one that lets requests wait while it holds elements: what is kept for an older request becomes free
/// for others after a second, when somebody calls.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_submit(pool: *mut Mempool, request: *mut mempool_bulk_request) -> c_int {
    let (Some(pool), Some(request)) = (convert::pool(pool), convert::request(request)) else { return -libc::EINVAL };
    request::submit(pool, request).map_or_else(Error::errno, c_int::from)
}

/// Withdraws a queued request. 0: it will not complete, and what was obtained is in its array and the
/// caller's. -ENOENT: it is not queued; if it was, done was called, runs now, or is about to. -EINVAL for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn mempool_bulk_cancel(pool: *mut Mempool, request: *mut mempool_bulk_request) -> c_int {
    let (Some(pool), Some(request)) = (convert::pool(pool), convert::request(request)) else { return -libc::EINVAL };
    errno(request::cancel(pool, request))
}
