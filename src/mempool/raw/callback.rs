//! Calling a pool's own bulk function, and counting what it really delivers. Knows no reserve.

use super::BulkFn;
use crate::arena::map::Page;
use core::ffi::c_void;
use core::ptr::null_mut;

/// Runs a pool's own bulk function for one page; NULL when it gave none.
pub fn bulk_one(bulk: BulkFn, gfp: u32, data: *mut c_void) -> *mut c_void {
    let mut page: *mut Page = null_mut();
    if let Some(bulk) = bulk {
        bulk(gfp, 1, data, &mut page, None, null_mut());
    }
    page.cast()
}

/// What a callback request hands to a pool's bulk function in place of the user's callback, so that
/// what was really delivered is counted, whatever the bulk function returns.
struct Counted {
    cb: extern "C" fn(*mut Page, *mut c_void),
    data: *mut c_void,
    delivered: u32,
}

extern "C" fn counted_cb(page: *mut Page, data: *mut c_void) {
    // SAFETY: `bulk_counted` passes its own live Counted, and the bulk function must pass it on.
    let counted = unsafe { &mut *data.cast::<Counted>() };
    counted.delivered += 1;
    (counted.cb)(page, counted.data);
}

/// Runs a pool's bulk function in callback form; the number of pages the callback really got.
pub fn bulk_counted(
    bulk: BulkFn, gfp: u32, nr: u32, pool_data: *mut c_void,
    cb: extern "C" fn(*mut Page, *mut c_void), data: *mut c_void,
) -> u32 {
    let mut counted = Counted { cb, data, delivered: 0 };
    if let Some(bulk) = bulk {
        bulk(gfp, nr, pool_data, null_mut(), Some(counted_cb), (&raw mut counted).cast());
    }
    counted.delivered
}
