//! A piece of work that a thread must not do inside itself: user code that the work calls may ask for
//! the work again, and recursion would have no bound. The inner call leaves a note, the outer one
//! goes round again. Knows no work.

use core::cell::Cell;

super::futex::thread_local!(static NOTE: Cell<u8> = Cell::new(IDLE));

/// This thread does not do the work; otherwise the note's bits are what is still to be done.
const IDLE: u8 = 0x80;

/// This thread is at work.
pub struct Busy(());

impl Busy {
    /// Begins; None when this thread is at it already, which then will do `what` too.
    pub fn begin(what: u8) -> Option<Busy> {
        // While the thread ends its storage may be gone; then nothing can nest any more.
        let nested = NOTE.try_with(|note| match note.get() {
            IDLE => {
                note.set(0);
                false
            }
            bits => {
                note.set(bits | what);
                true
            }
        });
        (!nested.unwrap_or(false)).then(|| Busy(()))
    }

    /// What inner calls have asked for since the last look; 0: nothing.
    pub fn again(&self) -> u8 {
        NOTE.try_with(|note| note.replace(0)).unwrap_or(0)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = NOTE.try_with(|note| note.set(IDLE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_calls_leave_a_note() {
        let outer = Busy::begin(0).expect("the first");
        assert!(Busy::begin(1).is_none() && Busy::begin(2).is_none());
        assert_eq!((outer.again(), outer.again()), (3, 0));
        drop(outer);
        assert!(Busy::begin(0).is_some());
    }
}
