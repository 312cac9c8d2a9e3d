//! Many single pages when this CPU's slab does not have them, or when they must be zeroed: from the depot,
//! as far as the mask has it. Knows no pool; no lock is held when this returns.

use super::alloc::{DIRECT, Request};
use super::depot::{DEPOT, emergency_target};
use super::many::Prefer;
use super::{cache, state, watched};
use crate::arena::map::{self, ARENA, Page, WORD_PAGES};
use crate::arena::view::view;
use crate::arena::wide;
use crate::sync::{BATCH, Batch, Singles, Words, percpu};
use core::sync::atomic::Ordering::*;

/// Pages on their way to a user.
struct Taken {
    /// Words or pages.
    numbers: Batch,
    are_words: bool,
}

/// Fills slots from the front; how many.
#[cold]
pub fn alloc_rest(gfp: u32, prefer: Prefer, slots: &mut [*mut Page]) -> usize {
    let Some(request) = Request::new(gfp, 0) else { return 0 };
    let mut done = 0;
    while done < slots.len() {
        let some = request.persist((slots.len() - done) as u64, || {
            loop {
                let taken = some(&request, prefer, slots.len() - done)?;
                // Bad pages are no delivery: on to the next.
                match hand_out_taken(&request, &taken, &mut slots[done..]) {
                    0 => {}
                    n => return Some(n),
                }
            }
        });
        match some {
            Some(n) => done += n,
            None => break,
        }
    }
    done
}

/// Fetches a run for this CPU's slab, if the depot is not busy and has one to spare.
#[cold]
pub fn get_run() {
    if let Some(depot) = map::existing().and_then(|arena| DEPOT.open(arena, false)) {
        cache::refill_run(&depot, emergency_target(depot.arena));
    }
}

/// Moves this CPU's single pages to the depot, where neighbours find each other, as long as that is not busy.
#[cold]
pub fn sort_slab() {
    let Some(arena) = map::existing() else { return };
    while DEPOT.open(arena, false).is_some_and(|depot| cache::flush_pages(&depot)) {}
}

/// Hands out pages whose pointers stand in the slots already, from number `good` on; bad ones are reported
/// and the others close up. How many are good in all.
#[cold]
pub fn hand_out_after(good: usize, slots: &mut [*mut Page]) -> usize {
    let mut done = good;
    for at in good..slots.len() {
        if map::page_index(slots[at]).is_some_and(|idx| state::hand_out(&ARENA, idx).is_some()) {
            slots[done] = slots[at];
            done += 1;
        }
    }
    slots[done..].fill(core::ptr::null_mut());
    done
}

/// Marks pages as held one by one and writes their pointers; a bad one is reported and left out. How many
/// were good.
#[cold]
pub fn hand_out_each(zero: bool, pages: impl Iterator<Item = u32>, slots: &mut [*mut Page]) -> usize {
    let mut done = 0;
    for idx in pages {
        if let Some(clean) = state::hand_out(&ARENA, idx) {
            watched::handed_out(idx, 0, zero);
            if zero && !clean {
                map::zero(idx, 1);
            }
            slots[done] = map::page_ptr(idx);
            done += 1;
        }
    }
    done
}

fn hand_out_taken(request: &Request, taken: &Taken, slots: &mut [*mut Page]) -> usize {
    let (zero, numbers) = (request.wants_zero(), taken.numbers.entries());
    if !taken.are_words {
        return hand_out_each(zero, numbers.iter().copied(), slots);
    }
    let (view, mut done) = (view(), 0);
    for w in numbers {
        let together = !zero && view.word_states(*w).is_some_and(state::hand_out_together);
        let pages = w * WORD_PAGES as u32..(w + 1) * WORD_PAGES as u32;
        if together {
            pages.clone().for_each(|idx| watched::handed_out(idx, 0, false));
        }
        done += match together {
            true => wide::write_words(view, core::slice::from_ref(w), &mut slots[done..]),
            false => hand_out_each(zero, pages, &mut slots[done..]),
        };
    }
    done
}

/// Some of `want` pages, from the slab if that has any after all, else from the depot.
fn some(request: &Request, prefer: Prefer, want: usize) -> Option<Taken> {
    let mut taken = Taken { numbers: Batch::new(), are_words: want >= WORD_PAGES };
    if want >= WORD_PAGES {
        percpu::pop::<Words>(&mut taken.numbers, want / WORD_PAGES);
    } else if prefer == Prefer::Cached {
        percpu::pop::<Singles>(&mut taken.numbers, want);
    }
    if !taken.numbers.entries().is_empty() {
        return Some(taken);
    }
    // What the depot does not have may still lie in the slab, as single pages.
    some_of_depot(request, prefer, want).or_else(|| {
        percpu::pop::<Singles>(&mut taken.numbers, want);
        taken.are_words = false;
        (!taken.numbers.entries().is_empty()).then_some(taken)
    })
}

/// Could a request for a word be served by the depot as it is? A snapshot.
pub fn depot_has_words() -> bool {
    DEPOT.free_pages() >= u64::from(emergency_target(&ARENA)) + WORD_PAGES as u64
}

/// One visit to the depot: whole words if that many are missing and there are any, else pages. None when
/// there are neither.
fn some_of_depot(request: &Request, prefer: Prefer, want: usize) -> Option<Taken> {
    let depot = request.open()?;
    let mut numbers = Batch::new();
    let are_words = request.search(&depot, |floor| {
        depot.take_words(&mut numbers, want / WORD_PAGES, floor);
        let are_words = !numbers.entries().is_empty();
        match prefer {
            _ if are_words => {}
            Prefer::Runs => depot.take_runs(&mut numbers, want, floor),
            Prefer::Cached => depot.take_pages(&mut numbers, want, floor),
        }
        (!numbers.entries().is_empty()).then_some(are_words)
    })?;
    let pages = numbers.entries().len() * if are_words { WORD_PAGES } else { 1 };
    DIRECT.fetch_add(pages as u64, Relaxed);
    if are_words {
        cache::refill_words(&depot, request.floor());
    } else if want < BATCH {
        cache::refill_pages(&depot, cache::REFILL_PAGES.max(want), request.floor());
    }
    Some(Taken { numbers, are_words })
}
