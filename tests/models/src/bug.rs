//! The mistakes that can be seeded. Each breaks one rule of the protocol, at the place that asks for
//! it by name; its check shows that the checker finds it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    None,
    /// A refill lets the depot lock go while its pages are in the stack buffer.
    RefillOutsideLock,
    /// A pop stores the new length and the count of popped pages one after the other.
    HeaderInTwoStores,
    /// A push raises the length before it has written the entries.
    LenBeforeEntries,
    /// A flush takes the oldest pages and moves the younger ones down, inside the section.
    FlushMovesEntries,
    /// A restarted pop goes on where the aborted one was.
    CursorSurvivesAbort,
    /// A free marks the page FREE after it has pushed it.
    MarkedAfterPush,
    /// A hand-out does not look at the state.
    NoCheckAtHandOut,
    /// The depot takes a page that it has already.
    DepotTakesTwice,
    /// A page that comes out of a reserve is not looked at.
    ReserveUnchecked,
    /// A drain makes no membarrier.
    NoBarrier,
    /// A drain sets the stop words after the membarrier.
    StopAfterBarrier,
    /// A section reads the header before the stop word.
    HeaderBeforeStop,
    /// Stop is cleared before the length is written.
    ClearedBeforeLen,
    /// Whoever ends pressure mode clears the stop words after it has let the depot lock go.
    ClearedOutsideLock,
    /// What a failing request had popped is forgotten.
    PartialDropped,
    /// What a failing request had popped goes back, but nobody is told.
    PartialReturnedSilently,
    /// What a failing request took and put back under one hold of the lock wakes sleepers too: itself.
    AllReturnsTell,
    /// Fallback: the owner looks at stop, then takes the slab's lock.
    StopBeforeSlabLock,
    /// Fallback: a drain passes over slabs whose lock is held, and turns pressure mode on all the same.
    DrainSkipsBusySlab,
    /// A sleeper registers after its last try.
    InterestAfterTry,
    /// The last try only tries the depot lock, and a sleeper that did not get it sleeps.
    LastTryOnlyTriesLock,
    /// Pressure mode ends although somebody sleeps.
    PressureEndsWithSleepers,
    /// A free into the depot wakes nobody.
    NoNotify,
    /// Pages that growth leaves in the depot wake nobody.
    GrowthIsSilent,
    /// A page that was handed out clean is free and clean again when it is freed.
    FreedAsClean,
}
