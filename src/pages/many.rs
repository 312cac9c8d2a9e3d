//! Many single pages at once, as far as this CPU's slab has them: whole words of 64 first, whose states are
//! looked at and set together, then single pages, eight at a time where they are neighbours. What is
//! missing then is `scarce`'s work. Knows no pool and no lock.

use super::alloc::alloc_one;
use super::{scarce, state};
use crate::arena::map::{self, Page, WORD_PAGES};
use crate::arena::view::{View, view};
use crate::arena::{run, wide};
use crate::gfp::__GFP_ZERO;
use core::ptr::null_mut;
use crate::sync::{BATCH, Batch, SINGLES, Singles, Words, percpu};

/// Pages that are looked at together when not all are neighbours.
const FEW: usize = 8;

/// Which pages are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// The nearest, in any order.
    Cached,
    /// Neighbours, even if the depot must be asked for them.
    Runs,
}

/// Fills `slots` from the front, whatever they held; how many.
#[inline]
pub fn alloc_many(gfp: u32, prefer: Prefer, slots: &mut [*mut Page]) -> usize {
    if let [slot] = slots {
        let page = alloc_one(gfp);
        *slot = page.map_or(null_mut(), map::page_ptr);
        return usize::from(page.is_some());
    }
    let mut done = 0;
    if gfp & __GFP_ZERO == 0 {
        if slots.len() >= WORD_PAGES {
            done = cached_words(slots);
        }
        // A slab that has plenty of single pages gives them; from others they are left for small requests.
        let words_first = prefer == Prefer::Runs || slots.len() - done >= WORD_PAGES && percpu::len::<Singles>() < SINGLES / 2;
        if done < slots.len() && !words_first {
            done += cached_pages(&mut slots[done..]);
        }
    }
    if done < slots.len() {
        done += scarce::alloc_rest(gfp, prefer, &mut slots[done..]);
    }
    done
}

/// Whole words of this CPU's slab; the number of pages.
#[inline(always)]
fn cached_words(slots: &mut [*mut Page]) -> usize {
    let (view, mut words) = (view(), Batch::new());
    percpu::pop::<Words>(&mut words, slots.len() / WORD_PAGES);
    let free = |w: &u32| view.word_states(*w).is_some_and(state::hand_out_together);
    let good = words.entries().iter().take_while(|w| free(w)).count();
    wide::write_words(view, &words.entries()[..good], slots);
    let done = good * WORD_PAGES;
    if good == words.entries().len() {
        return done;
    }
    let pages = words.entries()[good..].iter().flat_map(|w| w * WORD_PAGES as u32..(w + 1) * WORD_PAGES as u32);
    done + scarce::hand_out_each(false, pages, &mut slots[done..])
}

/// Single pages of this CPU's slab; how many.
#[inline(always)]
fn cached_pages(slots: &mut [*mut Page]) -> usize {
    let (view, mut pages) = (view(), Batch::new());
    percpu::pop::<Singles>(&mut pages, slots.len());
    let done = hand_out(view, pages.entries(), slots);
    let bad = pages.entries().len() - done;
    // The page that was not free is quarantined; those behind it are handed out one by one.
    if bad == 0 { done } else { done + scarce::hand_out_each(false, pages.entries()[done..].iter().copied(), &mut slots[done..]) }
}

/// Marks pages as held and writes their pointers, up to the first that is not free; how many. Neighbours in
/// order, as they are after a refill and when they were freed in order, go together.
#[inline(always)]
fn hand_out(view: View, pages: &[u32], slots: &mut [*mut Page]) -> usize {
    if neighbours(view, pages, slots) {
        return pages.len();
    }
    let mut at = 0;
    for (few, slots) in pages.chunks(FEW).zip(slots.chunks_mut(FEW)) {
        let n = if neighbours(view, few, slots) { few.len() } else { one_by_one(view, few, slots) };
        at += n;
        if n < few.len() {
            break;
        }
    }
    at
}

/// Are these neighbours in order, all free? Then they are handed out.
#[inline(always)]
fn neighbours(view: View, pages: &[u32], slots: &mut [*mut Page]) -> bool {
    let run = run::are_numbers(pages)
        && view.states(pages[0], pages.len()).is_some_and(state::hand_out_together);
    if run {
        run::write_run(view, &mut slots[..pages.len()], pages[0]);
    }
    run
}

#[inline(always)]
fn one_by_one(view: View, pages: &[u32], slots: &mut [*mut Page]) -> usize {
    let mut n = 0;
    for (idx, slot) in pages.iter().zip(slots) {
        if !view.state(*idx).is_some_and(state::hand_out_fast) {
            break;
        }
        *slot = view.page_ptr(*idx);
        n += 1;
    }
    n
}

/// Up to `want` single pages, each given to `sink`; how many. What `sink` does is no concern of ours: no
/// lock is held.
#[inline]
pub fn for_each(gfp: u32, prefer: Prefer, want: u32, sink: impl FnMut(*mut Page)) -> u32 {
    // Clearing a large array for a small request would cost more than the request.
    if want <= WORD_PAGES as u32 { in_chunks::<WORD_PAGES>(gfp, prefer, want, sink) } else { in_chunks::<BATCH>(gfp, prefer, want, sink) }
}

#[inline]
fn in_chunks<const N: usize>(gfp: u32, prefer: Prefer, want: u32, mut sink: impl FnMut(*mut Page)) -> u32 {
    let mut some = [null_mut(); N];
    let mut done = 0;
    while done < want {
        let room = N.min((want - done) as usize);
        let n = alloc_many(gfp, prefer, &mut some[..room]);
        some[..n].iter().for_each(|page| sink(*page));
        done += n as u32;
        if n < room {
            break;
        }
    }
    done
}
