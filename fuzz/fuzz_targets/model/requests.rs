//! Requests that wait without a thread. Whatever call completes one, its pages are the input's afterwards.

use super::World;
use super::input::Input;
use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::requests::{mempool_bulk_cancel, mempool_bulk_request, mempool_bulk_submit};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

pub struct Queued {
    request: Box<mempool_bulk_request>,
    array: Vec<*mut Page>,
    /// The pool at which it waits.
    at: Option<usize>,
}

extern "C" fn done(request: *mut mempool_bulk_request) {
    // SAFETY: the request is live until it has completed, and nobody else looks at this field meanwhile.
    unsafe { (*request).user_data = request.cast() };
}

impl Queued {
    pub fn new() -> Self {
        // SAFETY: a zeroed request is one that was never used.
        let request = unsafe { MaybeUninit::zeroed().assume_init() };
        Queued { request: Box::new(request), array: Vec::new(), at: None }
    }

    /// Does the page lie in its array, while it waits?
    pub fn holds(&self, page: *mut Page) -> bool {
        self.array.contains(&page)
    }

    /// In its array, while it waits.
    pub fn pages(&self) -> u64 {
        self.array.iter().filter(|page| !page.is_null()).count() as u64
    }
}

impl World {
    pub fn nobody_waits(&self) -> bool {
        self.requests.iter().all(|queued| queued.at.is_none())
    }

    pub fn submit(&mut self, input: &mut Input) {
        let (i, at, nr, gfp) = (input.below(3), input.below(3), input.count(), input.pool_gfp());
        if self.requests[i].at.is_some() || self.pools[at].order != Some(0) {
            return self.cancel(i);
        }
        let pool = self.pools[at].ptr();
        let queued = &mut self.requests[i];
        queued.array = vec![null_mut(); nr as usize];
        let request = &mut *queued.request;
        (request.page_array, request.nr, request.gfp) = (queued.array.as_mut_ptr(), nr, gfp);
        (request.done, request.user_data) = (Some(done as extern "C" fn(_)), null_mut());
        match mempool_bulk_submit(pool, &raw mut *request) {
            0 => queued.at = Some(at),
            1 => {
                assert!(request.user_data.is_null() && queued.pages() == u64::from(nr));
                self.adopt_request(i);
            }
            error => {
                assert_eq!(error, -libc::ENOMEM);
                assert!(!mempool_bulk::gfp::may_sleep(gfp) && queued.pages() < u64::from(nr));
                self.adopt_request(i);
            }
        }
    }

    fn adopt_request(&mut self, i: usize) {
        self.requests[i].at = None;
        let pages = std::mem::take(&mut self.requests[i].array);
        pages.into_iter().filter(|page| !page.is_null()).for_each(|page| self.born(page, 0, 0));
    }

    /// After each operation: takes over what was completed.
    pub fn collect(&mut self) {
        for i in 0..self.requests.len() {
            let queued = &self.requests[i];
            if queued.at.is_some() && !queued.request.user_data.is_null() {
                assert_eq!(queued.pages(), queued.array.len() as u64, "completed without all its pages");
                self.adopt_request(i);
            }
        }
    }

    pub fn cancel(&mut self, i: usize) {
        self.collect();
        if let Some(at) = self.requests[i].at {
            let request = &raw mut *self.requests[i].request;
            assert_eq!(mempool_bulk_cancel(self.pools[at].ptr(), request), 0);
            assert_eq!(mempool_bulk_cancel(self.pools[at].ptr(), request), -libc::ENOENT);
            assert!(self.requests[i].request.user_data.is_null());
            self.adopt_request(i);
            self.collect();
        }
    }

    /// All that wait at a pool.
    pub fn cancel_at(&mut self, at: usize) {
        for i in 0..self.requests.len() {
            if self.requests[i].at == Some(at) {
                self.cancel(i);
            }
        }
    }
}
