//! What no caller can mean: exactly one BUG is reported, nothing is freed, nothing is lost. The handler
//! returns, so the program goes on.

use super::World;
use super::input::Input;
use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::elements::mempool_alloc_pages_bulk_array;
use mempool_bulk::ffi::own::{mempool_bulk_get_pool_stats, mempool_bulk_get_stats};
use mempool_bulk::ffi::own_pages::{mempool_bulk_free_page, mempool_bulk_free_pages};
use mempool_bulk::ffi::pages::{__free_page, __free_pages, free_page, page_address, put_page, release_pages};
use mempool_bulk::ffi::pool::mempool_free;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;

impl World {
    /// A pointer that may not be freed as a single page.
    fn bad_page(&self, input: &mut Input) -> Option<*mut Page> {
        static FOREIGN: [u64; 8] = [0; 8];
        let some = input.below(256);
        match input.below(5) {
            0 => self.gone.iter().rev().nth(some % self.gone.len().max(1)).copied().filter(|page| self.is_gone(*page)),
            1 => self.held.get(some % self.held.len().max(1)).map(|held| held.page.wrapping_byte_add(8 + some % 48)),
            2 => Some((&raw const FOREIGN).cast_mut().cast()),
            3 => Some(std::ptr::without_provenance_mut(some + 1)),
            _ => {
                let pool = &self.pools[some % 3];
                let elements = pool.fields().elements.load(Relaxed);
                // SAFETY: the pool has that many elements, and only this thread uses it.
                (pool.curr_nr() > 0).then(|| unsafe { (*elements).load(Relaxed) }.cast())
            }
        }
    }

    pub fn bad_free(&mut self, input: &mut Input) {
        let Some(page) = self.bad_page(input) else { return };
        let before = super::bugs();
        let pool = &self.pools[input.below(3)];
        match input.below(6) {
            0 => __free_page(page),
            1 => put_page(page),
            2 => mempool_bulk_free_page(page.cast(), null_mut()),
            3 if pool.order.is_some() => mempool_free(page.cast(), pool.ptr()),
            4 if pool.order.is_some() => mempool_bulk_free_pages(pool.ptr(), [page].as_mut_ptr(), 1),
            _ => release_pages([page].as_mut_ptr(), 1),
        }
        assert_eq!(super::bugs(), before + 1, "a bad free was not reported once");
    }

    /// A wrong order, an address inside a page, a pool that is none.
    pub fn bad_call(&mut self, input: &mut Input) {
        let before = super::bugs();
        let Some(held) = self.held.get(input.below(256) % self.held.len().max(1)) else { return };
        match input.below(4) {
            0 => __free_pages(held.page, 11 + u32::from(input.byte())),
            1 => free_page(page_address(held.page) as u64 + 1 + u64::from(input.byte())),
            2 if held.order > 0 => __free_pages(held.page, held.order - 1),
            _ => {
                assert!(!mempool_alloc_pages_bulk_array(null_mut(), 0, 1, [null_mut()].as_mut_ptr()));
            }
        }
        assert_eq!(super::bugs(), before + 1, "a bad call was not reported once");
        self.held.iter().for_each(super::Held::check);
    }

    /// Structures of any size, which end where memory ends.
    pub fn odd_sizes(&mut self, input: &mut Input) {
        let mut bytes = vec![0xa5; 8 + input.below(256)];
        let size = bytes.len();
        bytes[..8].copy_from_slice(&size.to_ne_bytes());
        let stats = crate::guarded::at_the_end(&bytes);
        match self.pools.iter().find(|pool| pool.order.is_some()) {
            Some(pool) if size % 2 == 0 => mempool_bulk_get_pool_stats(pool.ptr(), stats.cast()),
            _ => mempool_bulk_get_stats(stats.cast()),
        }
    }
}
