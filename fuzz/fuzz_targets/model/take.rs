//! Requests for pages, in all forms, and what each must bring. A request that may sleep is made of a pool only
//! when the model knows that it will not sleep for ever.

use super::World;
use super::input::Input;
use mempool_bulk::arena::map::Page;
use mempool_bulk::ffi::bulk::{alloc_pages_bulk, alloc_pages_bulk_cb};
use mempool_bulk::ffi::elements::{mempool_alloc_pages_bulk_array, mempool_alloc_pages_bulk_cb};
use mempool_bulk::ffi::own_pages::{mempool_bulk_alloc_buffers, mempool_bulk_alloc_runs};
use mempool_bulk::ffi::pages::{alloc_pages, alloc_pages_exact, virt_to_page};
use mempool_bulk::ffi::pool::{mempool_alloc, mempool_alloc_noreserve, mempool_alloc_preallocated};
use mempool_bulk::ffi::requests::{mempool_bulk_alloc_pages_timeout, timespec};
use mempool_bulk::gfp::{__GFP_DIRECT_RECLAIM, may_sleep};
use std::ffi::{c_uint, c_void};
use std::ptr::null_mut;

extern "C" fn gather(page: *mut Page, data: *mut c_void) {
    gather_run(page, 1, data);
}

extern "C" fn gather_run(first: *mut Page, nr: c_uint, data: *mut c_void) {
    // SAFETY: data is the vector of the call below that this runs inside.
    let pages = unsafe { &mut *data.cast::<Vec<*mut Page>>() };
    pages.extend((0..nr as usize).map(|i| first.wrapping_add(i)));
}

impl World {
    /// An array of nr slots, some of which hold pages already, which must stay where they are.
    fn array(&self, nr: u32, input: &mut Input) -> Vec<*mut Page> {
        let mut array = vec![null_mut(); nr as usize];
        let every = 2 + input.below(30);
        if input.byte() % 3 == 1 {
            for (slot, held) in array.iter_mut().step_by(every).zip(&self.held) {
                *slot = held.page;
            }
        }
        array
    }

    /// The slots that were filled are ours now, the others as before; how many were filled.
    fn adopt(&mut self, before: &[*mut Page], after: &[*mut Page], gfp: u32) -> u64 {
        let mut filled = 0;
        for (old, new) in before.iter().zip(after) {
            if !old.is_null() {
                assert_eq!(old, new, "a populated slot has changed");
            } else if !new.is_null() {
                self.born(*new, 0, gfp);
                filled += 1;
            }
        }
        filled
    }

    pub fn take_pages(&mut self, input: &mut Input) {
        let (nr, gfp) = (input.count(), input.gfp());
        let before = self.array(nr, input);
        let missing = before.iter().filter(|slot| slot.is_null()).count() as u64;
        let (obtainable, quiet) = (self.obtainable(gfp, may_sleep(gfp)), self.nobody_waits());
        let mut after = before.clone();
        let result = alloc_pages_bulk(gfp, nr.into(), after.as_mut_ptr());
        let filled = self.adopt(&before, &after, gfp);
        let populated = after.iter().take_while(|slot| !slot.is_null()).count();
        assert_eq!(result, populated as u64);
        if quiet {
            assert_eq!(filled, missing.min(obtainable), "of {missing} with mask {gfp:#x}, {obtainable} are there");
        }
    }

    pub fn take_pages_cb(&mut self, input: &mut Input) {
        let (nr, gfp) = (input.count(), input.gfp());
        let (obtainable, quiet) = (self.obtainable(gfp, may_sleep(gfp)), self.nobody_waits());
        let mut pages: Vec<*mut Page> = Vec::new();
        let result = alloc_pages_bulk_cb(gfp, nr.into(), Some(gather), (&raw mut pages).cast());
        assert_eq!(result, pages.len() as u64);
        assert!(!quiet || result == u64::from(nr).min(obtainable), "{result} of {nr}, {obtainable} are there");
        pages.into_iter().for_each(|page| self.born(page, 0, gfp));
    }

    pub fn take_block(&mut self, input: &mut Input) {
        let (order, gfp) = (u32::from(input.byte() % 12), input.gfp());
        let (obtainable, quiet) = (self.obtainable(gfp, may_sleep(gfp)), self.nobody_waits());
        let page = alloc_pages(gfp, order);
        if page.is_null() {
            assert!(order > 0 || !quiet || obtainable == 0, "no page of {obtainable}");
            return;
        }
        assert!(order <= 10 && (obtainable >= 1 << order || !quiet));
        self.born(page, order, gfp);
    }

    /// Pages of a size that is no power of two: single ones, once they are there.
    pub fn take_exact(&mut self, input: &mut Input) {
        let (size, gfp) = (usize::from(input.byte()) * 200, input.gfp());
        let at = alloc_pages_exact(size, gfp);
        if !at.is_null() {
            let first = virt_to_page(at);
            (0..size.div_ceil(4096)).for_each(|i| self.born(first.wrapping_add(i), 0, gfp));
        }
    }

    /// May this request be made of the pool without sleeping for ever? With a margin: blocks need neighbours.
    fn would_sleep(&self, at: usize, gfp: u32, nr: u32) -> bool {
        let pool = &self.pools[at];
        may_sleep(gfp) && (pool.order != Some(0) || self.obtainable(0, true) < u64::from(nr) + 64)
    }

    pub fn take_element(&mut self, input: &mut Input) {
        let (at, how, mut gfp) = (input.below(3), input.below(4), input.pool_gfp());
        let Some(order) = self.pools[at].order else { return };
        if self.would_sleep(at, gfp, 1) {
            gfp &= !__GFP_DIRECT_RECLAIM;
        }
        let (pool, quiet) = (self.pools[at].ptr(), self.nobody_waits());
        let (reserve, obtainable) = (self.pools[at].curr_nr() > 0, self.obtainable(0, may_sleep(gfp)) > 0);
        let (element, must) = match how {
            0 => (mempool_alloc_preallocated(pool), reserve),
            1 => (mempool_alloc_noreserve(pool, gfp), order == 0 && obtainable),
            _ => (mempool_alloc(pool, gfp), reserve || order == 0 && obtainable || may_sleep(gfp)),
        };
        assert!(!quiet || !must || !element.is_null(), "no element");
        assert!(how != 0 || reserve || element.is_null());
        if !element.is_null() {
            self.born(element.cast(), order, 0);
        }
    }

    /// The bulk requests of pools of single pages.
    pub fn take_many(&mut self, input: &mut Input) {
        let (at, how, nr, mut gfp) = (input.below(3), input.below(5), input.count(), input.pool_gfp());
        if self.pools[at].order != Some(0) {
            return;
        }
        if self.would_sleep(at, gfp, nr) {
            gfp &= !__GFP_DIRECT_RECLAIM;
        }
        let (reserve, quiet) = (self.pools[at].curr_nr(), self.nobody_waits());
        // At least: an urgent mask may have more.
        let obtainable = self.obtainable(0, may_sleep(gfp));
        let before = if how < 2 { self.array(nr, input) } else { vec![null_mut(); nr as usize] };
        let missing = before.iter().filter(|slot| slot.is_null()).count() as u64;
        let (all, after) = self.ask_many(at, how, gfp, &before);
        let filled = self.adopt(&before, &after, 0);
        assert_eq!(all, filled == missing);
        if quiet {
            // The reserve gives what is missing, or nothing.
            let rest = missing.saturating_sub(obtainable);
            assert!(all || rest > reserve || how >= 2, "{filled} of {missing}, {obtainable} are there and {reserve}");
            assert!(all || filled >= obtainable.min(missing));
            assert!(all || how >= 2 || self.pools[at].curr_nr() == reserve, "the reserve gave a part");
        }
    }

    fn ask_many(&mut self, at: usize, how: usize, gfp: u32, before: &[*mut Page]) -> (bool, Vec<*mut Page>) {
        let (pool, nr) = (self.pools[at].ptr(), before.len() as u32);
        let mut after = before.to_vec();
        let mut gathered: Vec<*mut Page> = Vec::new();
        let into = (&raw mut gathered).cast();
        let all = match how {
            0 => mempool_alloc_pages_bulk_array(pool, gfp, nr, after.as_mut_ptr()),
            1 => {
                let moment = timespec { tv_sec: 0, tv_nsec: 1000 };
                let result = mempool_bulk_alloc_pages_timeout(pool, gfp, nr, after.as_mut_ptr(), &raw const moment);
                assert!(result == 0 || result == -libc::ETIMEDOUT);
                result == 0
            }
            2 => mempool_alloc_pages_bulk_cb(pool, gfp, nr, Some(gather), into),
            3 if self.pools[at].bulk => mempool_bulk_alloc_runs(pool, gfp, nr, Some(gather_run), into),
            _ => return self.ask_buffers(at, gfp, nr),
        };
        if how >= 2 {
            after[..gathered.len()].copy_from_slice(&gathered);
        }
        (all, after)
    }

    fn ask_buffers(&mut self, at: usize, gfp: u32, nr: u32) -> (bool, Vec<*mut Page>) {
        let mut buffers = vec![null_mut(); nr as usize];
        let pool = &self.pools[at];
        let all = match pool.bulk {
            true => mempool_bulk_alloc_buffers(pool.ptr(), gfp, nr, buffers.as_mut_ptr()),
            false => return self.ask_many(at, 0, gfp, &vec![null_mut(); nr as usize]),
        };
        let page = |buffer: &*mut c_void| if buffer.is_null() { null_mut() } else { virt_to_page(*buffer) };
        (all, buffers.iter().map(page).collect())
    }
}
