//! A C array of elements that the caller of a bulk function lends us. Knows no pool.

use crate::arena::map::Page;
use core::ffi::c_void;

/// A C array of element slots that the caller of a bulk function lends us.
#[derive(Clone, Copy)]
pub struct Slots {
    slots: *mut *mut c_void,
    nr: u32,
}

impl Slots {
    /// None when there is no array although slots are wanted.
    ///
    /// # Safety
    /// `slots` is NULL or points to `nr` pointers that stay valid, and that nobody else writes, for
    /// as long as the value is used.
    pub unsafe fn new(slots: *mut *mut c_void, nr: u32) -> Option<Slots> {
        (nr == 0 || !slots.is_null()).then_some(Slots { slots, nr })
    }

    pub fn len(&self) -> u32 {
        self.nr
    }

    pub fn is_empty(&self) -> bool {
        self.nr == 0
    }

    pub fn as_ptr(&self) -> *mut *mut c_void {
        self.slots
    }

    pub fn get(&self, i: u32) -> *mut c_void {
        assert!(i < self.nr);
        // SAFETY: `new`'s caller vouches for nr slots.
        unsafe { *self.slots.add(i as usize) }
    }

    pub fn set(&self, i: u32, element: *mut c_void) {
        assert!(i < self.nr);
        // SAFETY: `new`'s caller vouches for nr slots that only we write.
        unsafe { *self.slots.add(i as usize) = element };
    }

    /// The slots of an array of pages.
    pub fn pages(&mut self) -> &mut [*mut Page] {
        if self.nr == 0 {
            return &mut [];
        }
        // SAFETY: `new`'s caller vouches for nr slots that only we use while the borrow lasts.
        unsafe { core::slice::from_raw_parts_mut(self.slots.cast(), self.nr as usize) }
    }

    /// The slots that are NULL.
    pub fn missing(&self) -> u32 {
        (0..self.nr).filter(|i| self.get(*i).is_null()).count() as u32
    }
}
