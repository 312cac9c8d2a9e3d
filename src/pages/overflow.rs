//! Pages that were taken back and that this CPU's slab does not take go to the depot: it is full, stopped, or they
//! are blocks. A signal handler never waits for the depot's lock: when that is busy, the page is left for its
//! holder. Here too a child that may not free is refused, and tools are told. Knows no state.

use super::depot::DEPOT;
use super::{RETURNED, cache, child, watched};
use crate::arena::map::{ARENA, WORD_PAGES};
use crate::observe::aids;
use crate::sync::{BATCH, SINGLES, Singles, percpu};

/// For a page that the slab did not take at the first try.
#[cold]
pub fn one_to_depot(idx: u32) {
    if !percpu::push_one::<Singles>(idx) {
        past_the_slab(idx);
    }
}

#[cold]
fn past_the_slab(idx: u32) {
    if child::are_refused(core::iter::once(idx)) {
        return;
    }
    watched::taken_back(idx, 0);
    // Under pressure everybody comes here with single pages. Nobody queues for the lock then: who wants
    // pages from the depot, and may not sleep, would find it busy all the time.
    match DEPOT.open(&ARENA, false) {
        Some(depot) => {
            depot.put_page(idx);
            depot.note_returned();
            cache::relax(&depot);
        }
        None => return defer(&mut core::iter::once(idx)),
    }
    flush_slab();
}

/// Puts pages into the depot, and all others of a full slab too (`flush_slab`): what stayed at its bottom
/// would keep the words it is of from becoming whole again. The lock is let go between batches.
#[cold]
pub fn pages_to_depot(pages: &mut dyn Iterator<Item = u32>) {
    if child::are_refused(&mut *pages) {
        return;
    }
    // Lazily, but each before it is in the depot, which is open or not ours to look at then.
    let pages = &mut pages.inspect(|idx| watched::taken_back(*idx, 0));
    let Some(depot) = DEPOT.open_to_free(&ARENA) else { return defer(pages) };
    depot.put_pages(pages);
    depot.note_returned();
    cache::relax(&depot);
    drop(depot);
    flush_slab();
}

fn flush_slab() {
    for _ in 0..SINGLES.div_ceil(BATCH) {
        if !DEPOT.open_to_free(&ARENA).is_some_and(|depot| cache::flush_pages(&depot)) {
            break;
        }
    }
}

#[cold]
pub fn words_to_depot(words: &[u32]) {
    let pages = || words.iter().flat_map(|w| w * WORD_PAGES as u32..(w + 1) * WORD_PAGES as u32);
    if child::are_refused(pages()) {
        return;
    }
    if aids::tools() {
        pages().for_each(|idx| watched::taken_back(idx, 0));
    }
    match DEPOT.open_to_free(&ARENA) {
        Some(depot) => {
            cache::flush_words(&depot);
            words.iter().for_each(|w| depot.pass_word(*w));
            depot.note_returned();
            cache::relax(&depot);
        }
        None => defer(&mut pages()),
    }
}

/// A block that is free now.
pub fn block_to_depot(idx: u32, order: u32) {
    watched::taken_back(idx, order);
    match DEPOT.open_to_free(&ARENA) {
        Some(depot) => {
            depot.put_block(idx, order);
            depot.note_returned();
            cache::relax(&depot);
        }
        None => defer(&mut (idx..idx + (1 << order))),
    }
}

/// Leaves pages for the holder of the depot's lock, looks once more whether there still is one, and tells those
/// who wait: whoever opens the depot next has them.
fn defer(pages: &mut dyn Iterator<Item = u32>) {
    pages.for_each(|idx| DEPOT.defer(&ARENA, idx));
    drop(DEPOT.open(&ARENA, false));
    RETURNED.notify();
}
