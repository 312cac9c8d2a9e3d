//! Frees, in all forms and any order, more references, and trims. Each page's contents are looked at before it
//! goes.

use super::World;
use super::input::Input;
use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::elements::mempool_free_bulk;
use mempool_bulk::ffi::memory::mempool_bulk_pages_to_iovec;
use mempool_bulk::ffi::own_pages::{mempool_bulk_free_buffers, mempool_bulk_free_page, mempool_bulk_free_pages};
use mempool_bulk::ffi::pages::{__free_pages, free_pages, get_page, page_address, put_page, release_pages, set_page_private, split_page};
use mempool_bulk::ffi::pool::mempool_free;
use mempool_bulk::ffi::pressure::mempool_bulk_trim;
use std::ptr::null_mut;

impl World {
    /// A pool whose elements are such blocks.
    fn pool_of(&self, order: u32, input: &mut Input) -> Option<usize> {
        let at = input.below(3);
        (self.pools[at].order == Some(order)).then_some(at)
    }

    pub fn give_one(&mut self, input: &mut Input) {
        if self.held.is_empty() {
            return;
        }
        let (at, how) = ((input.below(256) << 8 | input.below(256)) % self.held.len(), input.below(5));
        let (page, order) = self.dies(at);
        let pool = self.pool_of(order, input);
        match (how, pool) {
            (0, _) => __free_pages(page, order),
            (1, _) => free_pages(page_address(page) as u64, order),
            (2, _) if order == 0 => put_page(page),
            (3, _) if order == 0 => mempool_bulk_free_page(page.cast(), null_mut()),
            (_, Some(pool)) => mempool_free(page.cast(), self.pools[pool].ptr()),
            _ => __free_pages(page, order),
        }
    }

    /// Single pages from the end of what is held, newest first or in order of age.
    fn singles(&mut self, nr: u32, in_order: bool) -> Vec<*mut Page> {
        let mut pages = Vec::new();
        let mut at = self.held.len();
        while at > 0 && pages.len() < nr as usize {
            at -= 1;
            if self.held[at].order == 0 && self.held[at].references == 1 {
                pages.push(self.dies(at).0);
            }
        }
        if in_order {
            pages.sort_unstable();
        }
        pages
    }

    pub fn give_many(&mut self, input: &mut Input) {
        let (nr, how, order, gaps) = (input.count(), input.below(4), input.byte() % 2 == 0, input.byte() % 4 == 1);
        let pool = self.pool_of(0, input);
        let mut pages = self.singles(nr, order);
        self.check_iovec(&pages);
        match (how, pool) {
            (0, Some(pool)) => return self.give_to_reserve(pool, &mut pages),
            (1 | 2, Some(_)) | (3, _) if gaps => (0..pages.len() / 7).for_each(|i| pages.insert(i * 8, null_mut())),
            _ => {}
        }
        let nr = pages.len() as u32;
        match (how, pool.map(|pool| &self.pools[pool])) {
            (1, Some(pool)) => mempool_bulk_free_pages(pool.ptr(), pages.as_mut_ptr(), nr),
            (2, Some(pool)) if pool.bulk => {
                let address = |page: &*mut Page| if page.is_null() { null_mut() } else { page_address(*page) };
                let mut buffers: Vec<_> = pages.iter().map(address).collect();
                mempool_bulk_free_buffers(pool.ptr(), buffers.as_mut_ptr(), nr);
            }
            _ => release_pages(pages.as_mut_ptr(), nr as i32),
        }
    }

    /// The reserve takes from the front what it has room for, the rest stays.
    fn give_to_reserve(&mut self, at: usize, pages: &mut [*mut Page]) {
        let quiet = self.nobody_waits();
        let before = self.pools[at].curr_nr();
        let taken = mempool_free_bulk(self.pools[at].ptr(), pages.as_mut_ptr().cast(), pages.len() as u32) as usize;
        assert!(pages[..taken].iter().all(|page| page.is_null()) && pages[taken..].iter().all(|page| !page.is_null()));
        if quiet {
            assert_eq!(self.pools[at].curr_nr(), before + taken as u64);
        }
        release_pages(pages[taken..].as_mut_ptr(), (pages.len() - taken) as i32);
    }

    /// The entries cover the pages, each once, in order.
    fn check_iovec(&self, pages: &[*mut Page]) {
        let mut iov = vec![libc::iovec { iov_base: null_mut(), iov_len: 0 }; pages.len()];
        let used = mempool_bulk_pages_to_iovec(pages.as_ptr(), pages.len() as u32, iov.as_mut_ptr(), pages.len() as i32);
        let covered = iov[..used as usize].iter().flat_map(|part| (0..part.iov_len / 4096).map(|i| part.iov_base.wrapping_byte_add(i * 4096)));
        // A look at the addresses only: some of the pages may be free already.
        assert!(covered.eq(pages.iter().map(|page| page_address(*page))));
    }

    /// One more reference, a private value, or a block taken apart.
    pub fn change_one(&mut self, input: &mut Input) {
        if self.held.is_empty() {
            return;
        }
        let (at, how) = (input.below(256) % self.held.len(), input.below(3));
        let held = &mut self.held[at];
        match how {
            0 if held.references < 100 => {
                get_page(held.page);
                held.references += 1;
            }
            1 => set_page_private(held.page, u64::from(input.byte())),
            2 if held.references == 1 && held.order > 0 => self.take_apart(at),
            _ => {}
        }
    }

    fn take_apart(&mut self, at: usize) {
        let held = self.held.swap_remove(at);
        held.check();
        split_page(held.page, held.order);
        self.own(held.page, held.order, false);
        // A private value stays with the first page: it is cleared, so that all look new.
        set_page_private(held.page, 0);
        (0..1usize << held.order).for_each(|i| self.born(held.page.wrapping_add(i), 0, 0));
    }

    pub fn trim(&mut self, input: &mut Input) {
        let before = super::stats().pages_committed;
        let keep = match input.byte() {
            255 => u64::MAX,
            mib => u64::from(mib) << 16,
        };
        let given = mempool_bulk_trim(keep);
        assert_eq!(super::stats().pages_committed, before - given / 4096);
        assert!(keep != u64::MAX || given == 0);
    }
}
