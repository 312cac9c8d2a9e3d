//! WARN and BUG reports: to the user's handler, or to stderr; a BUG without a handler aborts.
//! Holds no lock while it writes or runs the handler, and waits for none in a signal handler: reports come
//! from anywhere.

use super::hooks;
use super::text::Text;
use core::ffi::{c_char, c_void};
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::inside;
use crate::sync::system::Fd;
use core::fmt::Write;

pub type Handler = extern "C" fn(kind: i32, text: *const c_char, data: *mut c_void);

const WARN: i32 = 0;
const BUG: i32 = 1;

/// The handler and its data, as integers, so that no lock is held while it runs.
static HANDLER: parking_lot::RwLock<Option<(Handler, usize)>> = parking_lot::RwLock::new(None);

/// Replaces the handler; None brings stderr back.
pub fn set_handler(handler: Option<Handler>, data: *mut c_void) {
    let _inside = inside::enter(true);
    hooks::release((&raw const HANDLER).addr());
    *HANDLER.write() = handler.map(|h| (h, data as usize));
}

/// Something odd that the library could handle.
pub fn warn(args: fmt::Arguments<'_>) {
    send(WARN, args);
}

/// Something the caller can't have meant. Returns only if a handler is set and returns.
pub fn bug(args: fmt::Arguments<'_>) {
    if !send(BUG, args) {
        std::process::abort();
    }
}

/// A WARN at most `limit` times per counter: a failing loop must not flood the log.
pub fn warn_limited(count: &AtomicU32, limit: u32, args: fmt::Arguments<'_>) {
    if count.load(Relaxed) < limit && count.fetch_add(1, Relaxed) < limit {
        warn(args);
    }
}

/// The user's handler. In a signal handler that may have interrupted its exchange, none if it is busy.
fn handler() -> Option<(Handler, usize)> {
    if inside::interrupted() {
        return HANDLER.try_read().and_then(|handler| *handler);
    }
    let _inside = inside::enter(true);
    *HANDLER.read()
}

/// True when a handler took it.
fn send(kind: i32, args: fmt::Arguments<'_>) -> bool {
    let text: Text = Text::new(args);
    let handler = handler();
    if let Some((handler, data)) = handler {
        hooks::acquire((&raw const HANDLER).addr());
        handler(kind, text.as_c_str().as_ptr(), data as *mut c_void);
        return true;
    }
    write(if kind == BUG { "BUG" } else { "WARN" }, &text);
    if kind == BUG {
        hooks::print_stack();
    }
    false
}

/// One line by one call, so that reports of several threads do not mix. Not by the language's own way to stderr, which takes
/// a lock: a child of fork could find it held.
fn write(kind: &str, text: &Text) {
    let line = Text::<600>::new(format_args!("mempool_bulk: {kind}: {}\n", text.as_str()));
    let _ = Fd::new(libc::STDERR_FILENO).write_str(line.as_str());
}
