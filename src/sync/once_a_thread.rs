//! A piece of work that a thread must not do inside itself: user code that the work calls may ask for
//! the work again, and recursion would have no bound. The inner call leaves a note, the outer one
//! goes round again. Knows no work.

use core::sync::atomic::{AtomicU8, Ordering::*};

// Atomic, because a signal handler may come between any two steps of its own thread.
super::futex::of_each_thread!(static NOTE: AtomicU8 = AtomicU8::new(IDLE));

/// This thread does not do the work; otherwise the note's bits are what is still to be done.
const IDLE: u8 = 0x80;

/// This thread is at work, until `end`.
#[must_use]
pub struct Busy(());

impl Busy {
    /// Begins; None when this thread is at it already, which then will do `what` too.
    pub fn begin(what: u8) -> Option<Busy> {
        // While the thread ends its storage may be gone; then nothing can nest any more.
        let nested = NOTE.try_with(|note| {
            let nested = note.compare_exchange(IDLE, 0, Relaxed, Relaxed).is_err();
            // Only whoever is at work ends it, and he is below us.
            if nested {
                note.fetch_or(what, Relaxed);
            }
            nested
        });
        (!nested.unwrap_or(false)).then_some(Busy(()))
    }

    /// Ends; what inner calls have asked for, 0: nothing. One step: an inner call is in the answer, or, in a
    /// signal handler after this, it finds the thread idle and does the work itself.
    pub fn end(self) -> u8 {
        NOTE.try_with(|note| note.swap(IDLE, Relaxed)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_calls_leave_a_note() {
        let outer = Busy::begin(0).expect("the first");
        assert!(Busy::begin(1).is_none() && Busy::begin(2).is_none());
        assert_eq!(outer.end(), 3);
        let again = Busy::begin(0).expect("idle again");
        assert_eq!(again.end(), 0);
    }
}
