//! A doubly linked list whose links lie in its items, so that queueing allocates nothing: an item is a
//! frame of a sleeping thread, a structure of the user's, or a pool. Valid when zeroed. Knows no policy.
//!
//! One lock goes with each list; its guard is what every method wants to see. Invariants: an item is
//! in at most one list of its type; whoever pushed it removes it before its memory ends; while it is
//! in no list, `next` and `prev` mean nothing.

use super::Guard;
use core::ptr::{self, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering::*};

/// An item's links. Relaxed everywhere: the list's lock orders all.
pub struct Links<T> {
    next: AtomicPtr<T>,
    prev: AtomicPtr<T>,
}

impl<T> Links<T> {
    pub const fn new() -> Self {
        Links { next: AtomicPtr::new(null_mut()), prev: AtomicPtr::new(null_mut()) }
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What can be listed.
pub trait Linked: Sized {
    fn links(&self) -> &Links<Self>;
}

pub struct List<T> {
    first: AtomicPtr<T>,
    last: AtomicPtr<T>,
}

impl<T: Linked> List<T> {
    pub const fn new() -> Self {
        List { first: AtomicPtr::new(null_mut()), last: AtomicPtr::new(null_mut()) }
    }

    /// Makes the list empty whatever the memory held before. Nobody may be using it.
    pub fn reset(&self) {
        self.first.store(null_mut(), Relaxed);
        self.last.store(null_mut(), Relaxed);
    }

    pub fn is_empty(&self) -> bool {
        self.first.load(Relaxed).is_null()
    }

    /// Appends an item that is in no list.
    pub fn push(&self, guard: &Guard<'_>, item: &T) {
        let (at, last) = (ptr::from_ref(item).cast_mut(), self.last.load(Relaxed));
        item.links().next.store(null_mut(), Relaxed);
        item.links().prev.store(last, Relaxed);
        match item_at(guard, last) {
            Some(last) => last.links().next.store(at, Relaxed),
            None => self.first.store(at, Relaxed),
        }
        self.last.store(at, Relaxed);
    }

    /// Takes an item out that is in this list.
    pub fn remove(&self, guard: &Guard<'_>, item: &T) {
        let (next, prev) = (item.links().next.load(Relaxed), item.links().prev.load(Relaxed));
        match item_at(guard, prev) {
            Some(prev) => prev.links().next.store(next, Relaxed),
            None => self.first.store(next, Relaxed),
        }
        match item_at(guard, next) {
            Some(next) => next.links().prev.store(prev, Relaxed),
            None => self.last.store(prev, Relaxed),
        }
    }

    /// The items from the oldest on. The one just given may be removed on the way.
    pub fn iter<'g>(&self, guard: &'g Guard<'_>) -> Iter<'g, T> {
        Iter { next: item_at(guard, self.first.load(Relaxed)), guard }
    }
}

impl<T: Linked> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

pub struct Iter<'g, T> {
    next: Option<&'g T>,
    guard: &'g Guard<'g>,
}

impl<'g, T: Linked> Iterator for Iter<'g, T> {
    type Item = &'g T;

    fn next(&mut self) -> Option<&'g T> {
        let item = self.next?;
        self.next = item_at(self.guard, item.links().next.load(Relaxed));
        Some(item)
    }
}

/// The item that a link names. The guard proves that nobody takes it out meanwhile.
fn item_at<'g, T>(_guard: &'g Guard<'_>, at: *mut T) -> Option<&'g T> {
    // SAFETY: a link is NULL or names an item of the list, and items live until they are removed,
    // which takes the lock that the guard holds.
    unsafe { at.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::super::Lock;
    use super::*;

    struct Item(u32, Links<Item>);

    impl Linked for Item {
        fn links(&self) -> &Links<Item> {
            &self.1
        }
    }

    #[test]
    fn keeps_order_whatever_is_removed() {
        let lock = Lock::new();
        let guard = lock.lock();
        let items: Vec<_> = (0..5).map(|n| Item(n, Links::new())).collect();
        for gone in 0..5 {
            let list = List::new();
            items.iter().for_each(|item| list.push(&guard, item));
            list.remove(&guard, &items[gone]);
            list.push(&guard, &items[gone]);
            let mut expected: Vec<_> = (0..5).filter(|n| *n != gone as u32).collect();
            expected.push(gone as u32);
            assert_eq!(list.iter(&guard).map(|item| item.0).collect::<Vec<_>>(), expected);
            for item in list.iter(&guard) {
                list.remove(&guard, item);
            }
            assert!(list.is_empty() && list.iter(&guard).next().is_none());
        }
    }
}
