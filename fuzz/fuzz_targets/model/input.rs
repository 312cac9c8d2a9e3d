//! The input as a stream of small numbers. Knows no operation. An input that has ended gives zeros.

use mempool_bulk::gfp::{
    __GFP_DIRECT_RECLAIM, __GFP_HIGH, __GFP_KSWAPD_RECLAIM, __GFP_MEMALLOC, __GFP_NOMEMALLOC, __GFP_NORETRY, __GFP_NOWARN, __GFP_ZERO, GFP_KERNEL,
};

pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Input(data)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// How many pages at once: mostly few, up to more than the reserve of any pool and than a slab's share.
    pub fn count(&mut self) -> u32 {
        match u32::from(self.byte()) {
            few @ 0..=127 => few % 48,
            some @ 128..=223 => (some - 127) * 4,
            many => (many - 223) * 32,
        }
    }

    /// A mask for requests to the page allocator.
    pub fn gfp(&mut self) -> u32 {
        self.pool_gfp() | if self.byte() % 4 == 1 { __GFP_ZERO } else { 0 }
    }

    /// A mask for requests to pools, which know no zeroing.
    pub fn pool_gfp(&mut self) -> u32 {
        const NOWAIT: u32 = __GFP_KSWAPD_RECLAIM;
        const MASKS: [u32; 8] = [
            NOWAIT, GFP_KERNEL, NOWAIT | __GFP_HIGH, __GFP_DIRECT_RECLAIM,
            NOWAIT | __GFP_MEMALLOC, GFP_KERNEL | __GFP_NORETRY, 0, GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOMEMALLOC,
        ];
        MASKS[self.below(MASKS.len())] | __GFP_NOWARN
    }
}
