//! Giving pages back: the state first, then this CPU's slab; what that does not take is `overflow`'s. Knows no pool
//! and no lock.

use super::overflow::{block_to_depot, one_to_depot, pages_to_depot, words_to_depot};
use super::shelf::{self, Shelved};
use super::state::{self, Taken};
use super::{MAX_ORDER, child, front, twice, watched};
use crate::arena::map::{self, ARENA, Page, WORD_PAGES};
use crate::arena::view::{View, view};
use crate::arena::wide;
use crate::observe::report;
use crate::sync::{Singles, Words, percpu};

/// Whole words that go into the slab together.
const WORDS_AT_ONCE: usize = 16;

/// Drops one reference of a single page; the last one frees it. That is `__free_page`.
#[inline(always)]
pub fn free_one(page: *const Page) {
    if !free_fast(page) {
        free_slowly(page);
    }
}

/// Drops one reference of whatever block the page is of, the whole of a compound one for its tail too.
/// That is `put_page`; false when it was no page to drop a reference of.
#[inline(always)]
pub fn put(page: *const Page) -> bool {
    free_fast(page) || put_slowly(page)
}

/// Frees a single page if that takes no more than two stores and a push.
#[inline(always)]
fn free_fast(page: *const Page) -> bool {
    match plain(view(), page) {
        Some(idx) => {
            if !percpu::push_one_fast::<Singles>(idx) {
                one_to_depot(idx);
            }
            true
        }
        None => false,
    }
}

/// Takes a single page back if nobody can have touched it.
#[inline(always)]
fn plain(view: View, page: *const Page) -> Option<u32> {
    let (idx, state) = view.find(page)?;
    state::take_back_fast(state).then_some(idx)
}

#[cold]
fn free_slowly(page: *const Page) {
    if let Some(idx) = known(page) {
        drop_reference(idx, 0);
    }
}

#[cold]
fn put_slowly(page: *const Page) -> bool {
    known(page).is_some_and(|idx| {
        let head = super::head_of(idx);
        drop_reference(head, state::order(&ARENA, head))
    })
}

/// The index of a page of ours; NULL is nothing, anything else a BUG.
fn known(page: *const Page) -> Option<u32> {
    let idx = map::page_index(page);
    if idx.is_none() && !page.is_null() {
        report::bug(format_args!("{page:p} is not a page of this library"));
    }
    idx
}

/// Drops one reference of a block; the last one frees it. That is `__free_pages`.
pub fn free(idx: u32, order: u32) {
    if order == 0 {
        free_one(map::page_ptr(idx));
    } else {
        free_block(idx, order);
    }
}

/// The same without the short way for a plain page; false when there was none to drop.
fn drop_reference(idx: u32, order: u32) -> bool {
    if order != 0 {
        return free_block(idx, order);
    }
    watched::let_go(idx);
    let taken = state::take_back(&ARENA, idx, 0);
    if taken == Taken::Free {
        one_to_depot(idx);
    }
    taken != Taken::Refused
}

/// Drops a block's reference and, if it is free now, puts it into the depot; false when it was refused.
#[cold]
fn free_block(idx: u32, order: u32) -> bool {
    let fits = u64::from(idx) + (1u64 << order.min(32)) <= u64::from(ARENA.max_pages());
    if order > MAX_ORDER || !fits {
        report::bug(format_args!("page {idx} freed with impossible order {order}"));
        return false;
    }
    watched::let_go(idx);
    let taken = state::take_back(&ARENA, idx, order);
    if taken == Taken::Free {
        block_to_depot(idx, order);
    }
    taken != Taken::Refused
}

/// `put` for many: whole words together, NULL entries skipped, bad ones reported and skipped. How many
/// were neither.
#[inline(always)]
pub fn put_many(pages: &[*mut Page]) -> usize {
    match pages {
        [page] => usize::from(put(*page)),
        _ if pages.len() >= WORD_PAGES => put_mixed(pages),
        _ => put_few(pages),
    }
}

/// Less than a word, most likely all plain.
fn put_few(pages: &[*mut Page]) -> usize {
    if put_run(pages) { pages.len() } else { put_scattered(pages) }
}

/// The same for pages that are no run. Not inline: it needs more registers than the run does.
#[inline(never)]
fn put_scattered(pages: &[*mut Page]) -> usize {
    let view = view();
    let plain = front::change(view, pages, state::take_back_fast, state::take_back_together);
    store_pages(view, &pages[..plain]);
    if plain == pages.len() { plain } else { plain + put_mixed(&pages[plain..]) }
}

/// Anything.
fn put_mixed(pages: &[*mut Page]) -> usize {
    let view = view();
    let (mut rest, mut bad) = (pages, 0);
    loop {
        rest = &rest[put_words(view, rest)..];
        if rest.len() < WORD_PAGES && put_run(rest) {
            break;
        }
        let singles = singles(view, rest);
        store_pages(view, &rest[..singles]);
        rest = &rest[singles..];
        let Some(first) = rest.first() else { break };
        if singles == 0 {
            bad += usize::from(!put_slowly(*first));
            rest = &rest[1..];
        }
    }
    pages.len() - bad
}

/// Less than a word, all neighbours: taken back and stored together. False, and nothing done, for any others.
#[inline(always)]
pub fn put_run(pages: &[*mut Page]) -> bool {
    let Some(first) = front::change_run(view(), pages, state::take_back_together) else { return false };
    if !percpu::put_run_fast(first, pages.len() as u32) {
        store_run(first, pages);
    }
    true
}

/// For a run that the slab did not take at the first try.
#[cold]
fn store_run(first: u32, pages: &[*mut Page]) {
    if !percpu::put_run(first, pages.len() as u32) {
        store_pages(view(), pages);
    }
}

/// Whole words at the front, taken back and stored; the number of pages.
#[inline(always)]
fn put_words(view: View, pages: &[*mut Page]) -> usize {
    let mut words = [0; WORDS_AT_ONCE];
    if pages.len() < WORD_PAGES {
        return 0;
    }
    let found = wide::leading_words(view, pages, &mut words);
    let plain = |w: &u32| view.word_states(*w).is_some_and(state::take_back_together);
    let taken = words[..found].iter().take_while(|w| plain(w)).count();
    if taken > 0 {
        store_words(&words[..taken]);
    }
    taken * WORD_PAGES
}

/// Single pages at the front, taken back, up to what looks like a whole word or needs a closer look. The
/// first page is looked at in any case.
#[inline(always)]
fn singles(view: View, pages: &[*mut Page]) -> usize {
    let word = if pages.len() > WORD_PAGES { pages[1..].iter().position(|page| view.begins_word(*page)) } else { None };
    let end = word.map_or(pages.len(), |at| at + 1);
    front::change(view, &pages[..end], state::take_back_fast, state::take_back_together)
}

/// Moves pages that were taken back into this CPU's slab, what finds no room into the depot.
#[inline(always)]
fn store_pages(view: View, pages: &[*mut Page]) {
    if !pages.is_empty() {
        let stored = percpu::push_addresses::<Singles, Page>(pages, view.mem_map());
        if stored < pages.len() {
            pages_to_depot(&mut pages[stored..].iter().filter_map(|page| view.index(*page)));
        }
    }
}

/// The same for whole words.
#[inline(always)]
fn store_words(words: &[u32]) {
    let stored = percpu::push::<Words>(words);
    if stored < words.len() {
        words_to_depot(&words[stored..]);
    }
}

/// Marks a held page as lying in a reserve.
pub fn shelve(idx: u32) -> Shelved {
    if child::is_refused() {
        return Shelved::Refused;
    }
    let shelved = shelf::shelve(&ARENA, idx);
    if shelved == Shelved::StillShared {
        report::warn(format_args!("page {idx} freed into a pool while others hold it: one reference dropped"));
        put(map::page_ptr(idx));
    }
    shelved
}

/// Marks a reserve page as held again; false when it turns out to have been freed twice, and in a child that
/// may take none.
pub fn unshelve(idx: u32) -> bool {
    if child::is_one() {
        return false;
    }
    let held = shelf::unshelve(&ARENA, idx);
    if !held {
        twice::found(idx, 1);
    }
    held
}
