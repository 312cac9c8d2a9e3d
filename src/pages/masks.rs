//! Blocks inside a word: a mask has bit i set when page i of the word is free. A block of order k < 6 is
//! 2^k neighbouring bits at a multiple of 2^k. Knows no page and no list.

use crate::arena::map::WORD_PAGES;

/// A whole word as a block: 2⁶ pages.
pub const WORD_ORDER: u32 = WORD_PAGES.ilog2();

/// The first bits of all blocks of an order: every 2^order-th.
const STARTS: [u64; WORD_ORDER as usize] =
    [u64::MAX, 0x5555_5555_5555_5555, 0x1111_1111_1111_1111, 0x0101_0101_0101_0101, 0x0001_0001_0001_0001, 0x0000_0001_0000_0001];

/// The first bits of the blocks of `order` that are wholly free.
pub fn blocks(free: u64, order: u32) -> u64 {
    let mut all = free;
    for half in 0..order {
        all &= all >> (1 << half);
    }
    all & STARTS[order as usize]
}

/// The order of the largest block that is wholly free; `free` is neither empty nor full.
pub fn largest(free: u64) -> u32 {
    (0..WORD_ORDER).rev().find(|order| blocks(free, *order) != 0).unwrap_or(0)
}

/// The bits of one block.
pub fn bits(at: u32, order: u32) -> u64 {
    (u64::MAX >> (WORD_PAGES as u32 - (1 << order))) << at
}

/// The lowest `n` set bits.
pub fn lowest(mask: u64, n: usize) -> u64 {
    let mut rest = mask;
    for _ in 0..n.min(mask.count_ones() as usize) {
        rest &= rest - 1;
    }
    mask & !rest
}

/// Calls `each` with the number of every set bit, in order.
pub fn for_each(mut mask: u64, mut each: impl FnMut(u32)) {
    while mask != 0 {
        each(mask.trailing_zeros());
        mask &= mask - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_aligned_blocks_only() {
        assert_eq!(blocks(0b1111_0110, 1), 0b0101_0000);
        assert_eq!(blocks(0b1111_0110, 2), 0b0001_0000);
        assert_eq!(blocks(0b0110, 1), 0);
        assert_eq!(largest(0b0110), 0);
        assert_eq!(largest(0b1111_0000), 2);
        assert_eq!(largest(u64::MAX << 32), 5);
    }

    #[test]
    fn counts_bits() {
        assert_eq!(bits(0, 6), u64::MAX);
        assert_eq!(bits(8, 3), 0xff00);
        assert_eq!(lowest(0b1011_0100, 2), 0b0001_0100);
        assert_eq!(lowest(0b1, 5), 0b1);
        assert_eq!(lowest(u64::MAX, 64), u64::MAX);
    }

    #[test]
    fn agrees_with_counting_by_hand() {
        let mut mask = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..10_000 {
            mask = mask.rotate_left(7).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            for order in 0..WORD_ORDER {
                let by_hand = (0..64).step_by(1 << order).filter(|at| mask & bits(*at, order) == bits(*at, order));
                assert_eq!(blocks(mask, order), by_hand.fold(0, |all, at| all | 1 << at));
            }
        }
    }
}
