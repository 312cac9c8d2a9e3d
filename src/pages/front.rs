//! Changing the states of an array of pages, from its front on: all together where they are neighbours in
//! order, as they are after a refill and when they were freed in order. Knows no slab, and not which
//! change it is.

use crate::arena::map::Page;
use crate::arena::run;
use crate::arena::states::States;
use crate::arena::view::View;
use core::sync::atomic::AtomicU8;

/// Pages that are looked at together when not all are neighbours.
const FEW: usize = 8;

/// Changes the states of pages that are all neighbours, in order; the first of them. None, and nothing changed,
/// for any others.
#[inline(always)]
pub fn change_run(view: View, pages: &[*mut Page], together: impl Fn(States) -> bool) -> Option<u32> {
    let first = if run::are_pages(pages) { view.index(pages[0]) } else { None };
    first.filter(|first| view.states(*first, pages.len()).is_some_and(together))
}

/// Changes states up to the first page for which that fails; how many were changed.
#[inline(always)]
pub fn change(view: View, pages: &[*mut Page], one: impl Fn(&AtomicU8) -> bool + Copy, together: impl Fn(States) -> bool + Copy) -> usize {
    if pages.len() < FEW {
        return one_by_one(view, pages, one);
    }
    if change_run(view, pages, together).is_some() {
        return pages.len();
    }
    let mut at = 0;
    for few in pages.chunks(FEW) {
        let n = if change_run(view, few, together).is_some() { few.len() } else { one_by_one(view, few, one) };
        at += n;
        if n < few.len() {
            break;
        }
    }
    at
}

#[inline(always)]
fn one_by_one(view: View, pages: &[*mut Page], one: impl Fn(&AtomicU8) -> bool) -> usize {
    pages.iter().take_while(|page| view.find(**page).is_some_and(|(_, state)| one(state))).count()
}
