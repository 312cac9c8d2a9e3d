//! What loom gives: every interleaving up to a bound of preemptions, and the memory model of C11 for
//! atomics. The preemption bound counts switches away from a thread that could have gone on.

pub mod handshake;
#[path = "../protocol/mod.rs"]
pub mod protocol;
#[path = "../real/mod.rs"]
pub mod real;
pub mod sync;
pub mod weak;

use protocol::{Script, Setup, World, together};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Runs the model in every interleaving with at most `preemptions` preemptions.
pub fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    assert!(!std::thread::panicking());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    let runs = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    builder.check(move || {
        counter.fetch_add(1, SeqCst);
        model();
    });
    println!("{} interleavings", runs.load(SeqCst));
}

/// `check` for scripts side by side in a world; `after` sees what they leave.
pub fn explore<const N: usize>(preemptions: usize, setup: Setup, scripts: [Script; N], after: fn(&World)) {
    check(preemptions, move || after(&together(setup.clone(), &scripts)));
}
