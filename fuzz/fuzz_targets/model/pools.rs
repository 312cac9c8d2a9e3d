//! Pools: setting up, ending, resizing, refilling. Knows no page.

use super::World;
use super::input::Input;
use mempool_bulk::ffi::own_pages::mempool_bulk_refill;
use mempool_bulk::ffi::pool::{mempool_exit, mempool_init_pages_bulk, mempool_initialized, mempool_is_saturated, mempool_resize};
use mempool_bulk::ffi::ready::mempool_init_page_pool;
use mempool_bulk::mempool::raw::Mempool;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;

pub struct Pool {
    memory: Box<MaybeUninit<Mempool>>,
    /// None: not set up. Some(0) for single pages, else the order of its blocks.
    pub order: Option<u32>,
    /// Set up for bulk requests.
    pub bulk: bool,
    min_nr: i32,
}

impl Pool {
    pub fn new() -> Self {
        Pool { memory: Box::new(MaybeUninit::zeroed()), order: None, bulk: false, min_nr: 0 }
    }

    pub fn ptr(&self) -> *mut Mempool {
        self.memory.as_ptr().cast_mut()
    }

    pub fn fields(&self) -> &Mempool {
        // SAFETY: the memory was zeroed, which is a pool, and all fields are atomics.
        unsafe { &*self.memory.as_ptr() }
    }

    pub fn curr_nr(&self) -> u64 {
        self.fields().curr_nr.load(Relaxed) as u64
    }

    /// In its reserve.
    pub fn pages(&self) -> u64 {
        self.order.map_or(0, |order| self.curr_nr() << order)
    }

    pub fn check(&self) {
        assert_eq!(mempool_initialized(self.ptr()), self.order.is_some());
        if self.order.is_some() {
            let (curr, wanted) = (self.curr_nr(), self.min_nr.max(1) as u64);
            assert!(curr <= wanted);
            assert_eq!(self.fields().min_nr.load(Relaxed), self.min_nr);
            assert_eq!(mempool_is_saturated(self.ptr()), curr >= self.min_nr as u64);
        }
    }

    pub fn exit(&mut self) {
        mempool_exit(self.ptr());
        self.order = None;
    }
}

impl World {
    /// Sets a pool up, or ends it.
    pub fn pool_begins_or_ends(&mut self, input: &mut Input) {
        let (at, min_nr, order) = (input.below(3), i32::from(input.byte() % 100), u32::from(input.byte() % 6));
        if self.pools[at].order.is_some() {
            self.cancel_at(at);
            return self.pools[at].exit();
        }
        // Orders 4 and 5 stand for the pools that bulk requests are made for.
        let bulk = order >= 4;
        let order = if bulk { 0 } else { order };
        let obtainable = self.obtainable(0, true);
        let quiet = self.nobody_waits();
        let pool = &mut self.pools[at];
        let result = match bulk {
            true => mempool_init_pages_bulk(pool.ptr(), min_nr, None, None, null_mut()),
            false => mempool_init_page_pool(pool.ptr(), min_nr, order as i32),
        };
        let wanted = min_nr.max(1) as u64;
        if result == 0 {
            (pool.order, pool.bulk, pool.min_nr) = (Some(order), bulk, min_nr);
            assert_eq!(pool.curr_nr(), wanted);
        } else {
            assert_eq!(result, -libc::ENOMEM);
            assert!(!quiet || order > 0 || obtainable < wanted, "no memory for {wanted} of {obtainable}");
        }
    }

    pub fn resize(&mut self, input: &mut Input) {
        let (at, min_nr) = (input.below(3), i32::from(input.byte()) - 10);
        let pool = &mut self.pools[at];
        let result = mempool_resize(pool.ptr(), min_nr);
        if min_nr <= 0 || pool.order.is_none() {
            assert_eq!(result, -libc::EINVAL);
        } else {
            assert_eq!(result, 0);
            pool.min_nr = min_nr;
        }
    }

    pub fn refill(&mut self, input: &mut Input) {
        let (at, gfp) = (input.below(3), input.pool_gfp());
        let before = self.pools[at].curr_nr();
        let quiet = self.nobody_waits();
        let added = mempool_bulk_refill(self.pools[at].ptr(), gfp);
        assert!(added >= 0);
        if quiet && self.pools[at].order.is_some() {
            assert_eq!(self.pools[at].curr_nr(), before + added as u64);
        }
    }
}
