//! Many single pages at once, as far as this CPU's slab has them: whole words of 64 first, whose states are
//! looked at and set together, then single pages, eight at a time where they are neighbours. What is
//! missing then is `scarce`'s work. Knows no pool and no lock.

use super::alloc::alloc_one;
use super::{front, scarce, state};
use crate::arena::map::{Page, WORD_PAGES};
use crate::arena::run;
use crate::arena::view::view;
use crate::arena::wide;
use crate::gfp::__GFP_ZERO;
use core::ptr::null_mut;
use crate::sync::{BATCH, Batch, NOTHING, SINGLES, Singles, Words, percpu};

/// Single pages that leave a slab, about, between two looks for a run in the depot; and between two attempts to
/// make whole words of what the slab has, which takes longer.
const RUN_EVERY: u64 = 1 << 10;
const SORT_EVERY: u64 = 1 << 16;

/// Which pages are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// The nearest, in any order.
    Cached,
    /// Neighbours, even if the depot must be asked for them.
    Runs,
}

/// Fills `slots` from the front, whatever they held; how many.
#[inline(always)]
pub fn alloc_many(gfp: u32, prefer: Prefer, slots: &mut [*mut Page]) -> usize {
    match slots {
        [slot] => {
            *slot = alloc_one(gfp);
            usize::from(!slot.is_null())
        }
        _ if slots.len() >= WORD_PAGES => alloc_words(gfp, prefer, slots),
        _ => alloc_few(gfp, prefer, slots),
    }
}

/// Less than a word.
fn alloc_few(gfp: u32, prefer: Prefer, slots: &mut [*mut Page]) -> usize {
    let cached = prefer == Prefer::Cached && gfp & __GFP_ZERO == 0;
    let done = if cached { cached_few(slots) } else { 0 };
    if done == slots.len() { done } else { done + scarce::alloc_rest(gfp, prefer, &mut slots[done..]) }
}

/// A word or more.
fn alloc_words(gfp: u32, prefer: Prefer, slots: &mut [*mut Page]) -> usize {
    let mut done = 0;
    if gfp & __GFP_ZERO == 0 {
        done = cached_words(slots);
        // A slab that has plenty of single pages gives them; from others they are left for small requests,
        // if there are words elsewhere.
        let few_singles = || percpu::len::<Singles>() < SINGLES / 2 && scarce::depot_has_words();
        let words_first = prefer == Prefer::Runs || slots.len() - done >= WORD_PAGES && few_singles();
        let rest = &mut slots[done..];
        done += match rest.len() {
            _ if words_first => 0,
            0..WORD_PAGES => cached_few(rest),
            _ => cached_mixed(rest),
        };
    }
    if done == slots.len() { done } else { done + scarce::alloc_rest(gfp, prefer, &mut slots[done..]) }
}

/// Whole words of this CPU's slab; the number of pages.
#[inline(always)]
fn cached_words(slots: &mut [*mut Page]) -> usize {
    let (view, mut words) = (view(), Batch::new());
    percpu::pop::<Words>(&mut words, slots.len() / WORD_PAGES);
    let free = |w: &u32| view.word_states(*w).is_some_and(state::hand_out_together);
    let good = words.entries().iter().take_while(|w| free(w)).count();
    let done = wide::write_words(view, &words.entries()[..good], slots);
    if good == words.entries().len() {
        return done;
    }
    let pages = words.entries()[good..].iter().flat_map(|w| w * WORD_PAGES as u32..(w + 1) * WORD_PAGES as u32);
    done + scarce::hand_out_each(false, pages, &mut slots[done..])
}

/// Less than a word from this CPU's slab, best as a run; how many.
#[inline(always)]
fn cached_few(slots: &mut [*mut Page]) -> usize {
    let done = if slots.is_empty() { 0 } else { run_by(percpu::take_run, slots) };
    if done == slots.len() { done } else { cached_scattered(slots, done) }
}

/// The same where there was no run for all; `done` are good already. Not inline: it needs more registers.
#[inline(never)]
fn cached_scattered(slots: &mut [*mut Page], done: usize) -> usize {
    if is_time(RUN_EVERY, slots.len()) {
        scarce::get_run();
    }
    done + cached_pages(&mut slots[done..])
}

/// More, when the slab has no whole words; how many.
fn cached_mixed(slots: &mut [*mut Page]) -> usize {
    if is_time(SORT_EVERY, slots.len()) {
        scarce::sort_slab();
    }
    cached_pages(slots)
}

/// Are these more than one page and less than a word: a number that moves as a run?
#[inline(always)]
pub fn are_few(n: usize) -> bool {
    (2..WORD_PAGES).contains(&n)
}

/// A few, all of them from this CPU's run without effort; how many: 0 when that is too short.
#[inline(always)]
pub fn cached_run(slots: &mut [*mut Page]) -> usize {
    run_by(percpu::take_run_fast, slots)
}

#[inline(always)]
fn run_by(take: impl FnOnce(u32) -> u32, slots: &mut [*mut Page]) -> usize {
    let (view, n) = (view(), slots.len());
    let first = take(n as u32);
    if first == NOTHING {
        return 0;
    }
    if !view.states(first, n).is_some_and(state::hand_out_together) {
        return hand_out_bad(first, slots);
    }
    run::write_pages(view.page_ptr(first), slots);
    n
}

/// A run of which a page is not free.
#[cold]
fn hand_out_bad(first: u32, slots: &mut [*mut Page]) -> usize {
    scarce::hand_out_each(false, first..first + slots.len() as u32, slots)
}

/// A slab's single pages may stay scattered for ever if the same come and go all the time. So every so often
/// one who wanted neighbours and got none does something for those who come after.
#[inline(always)]
fn is_time(every: u64, pages: usize) -> bool {
    percpu::popped::<Singles>() % every < pages as u64
}

/// Single pages of this CPU's slab; how many.
#[inline(always)]
fn cached_pages(slots: &mut [*mut Page]) -> usize {
    let view = view();
    let n = percpu::pop_addresses::<Singles, Page>(slots, view.mem_map());
    let (slots, rest) = slots.split_at_mut(n);
    // A section that was aborted may have written more before it began again where there was less.
    rest.fill(null_mut());
    let good = front::change(view, slots, state::hand_out_fast, state::hand_out_together);
    // The page that was not free is quarantined; those behind it are handed out one by one.
    if good == n { n } else { scarce::hand_out_after(good, slots) }
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
