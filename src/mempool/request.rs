//! Requests of event loops, which may not sleep: done at once, or queued and completed by whoever
//! makes that possible (see `serve`). Knows no event loop.
#![forbid(unsafe_code)]

use super::raw::{Mempool, Request};
use super::stats::{ALLOCATED, count};
use super::ready::{self, Kind};
use super::queue::NO_TICKET;
use super::{bulk, pool, serve, waiting};
use crate::error::Error;
use crate::gfp::may_sleep;
use crate::observe::fault::{self, Fault};
use crate::observe::{hooks, report};
use crate::pages;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::*};

/// True when the request is done already, false when it is queued.
pub fn submit(pool: &Mempool, request: &Request) -> Result<bool, Error> {
    let slots = request.slots().filter(|_| request.done().is_some() || !may_sleep(request.gfp));
    let Some(slots) = slots else {
        report::warn(format_args!("a request without an array or a function"));
        return Err(Error::Invalid);
    };
    if !pool::usable(pool) {
        return Err(Error::Invalid);
    }
    if request.is_queued() {
        report::bug(format_args!("a request was submitted that is queued already"));
        return Err(Error::Invalid);
    }
    // From here on `cancel` finds nothing.
    request.entry.reset(ptr::null_mut());
    let before = slots.missing();
    let filled = bulk::fill_once(pool, request.gfp, &slots);
    let missing = slots.missing();
    // A user's function may have taken out what the caller had put in.
    count(pool, ALLOCATED, before.saturating_sub(missing));
    match filled {
        true => Ok(true),
        false if may_sleep(request.gfp) => Ok(queue(pool, request, missing)),
        false => Err(Error::NoMemory),
    }
}

/// The last ticket that was given.
static TICKETS: AtomicU64 = AtomicU64::new(NO_TICKET);

/// Queues a request; true when this thread completed it on the way.
fn queue(pool: &Mempool, request: &Request, missing: u32) -> bool {
    let own = ptr::from_ref(request);
    hooks::release(own.addr());
    request.pool.store(ptr::from_ref(pool).cast_mut(), Relaxed);
    request.entry.reset(own.cast_mut());
    let ticket = TICKETS.fetch_add(1, Relaxed) + 1;
    request.entry.ticket.store(ticket, Relaxed);
    let own_pages = matches!(ready::kind(pool), Kind::OwnPages);
    // From here on others may complete the request, and then the pool may be gone.
    waiting::join(pool, &request.entry, missing);
    if own_pages {
        // `serve` takes only memory that is there, and a trim may have taken some since the last try.
        pages::untrim(missing);
    }
    // Elements and pages that came back since the last try are found by this one; later ones are
    // brought by whoever gives them back. A fault that strikes hides the pages until others come, or it ends: if it
    // strikes for the last time now, others from whom it has hidden them are to be told.
    let struck = own_pages && fault::strikes(Fault::PageAlloc, 1);
    let over = struck && !fault::may_strike(Fault::PageAlloc);
    let done = serve::serve_own(if struck && !over { serve::RESERVE } else { serve::PAGES }, ticket);
    if over {
        pages::RETURNED.notify();
    }
    done
}

/// Withdraws a request: then it will not complete. −ENOENT when it has completed, or is about to.
pub fn cancel(pool: &Mempool, request: &Request) -> Result<(), Error> {
    if waiting::cancel(pool, request) { Ok(()) } else { Err(Error::NoEntry) }
}
