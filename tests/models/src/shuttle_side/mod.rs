//! What shuttle gives: random interleavings of mixes that are too large for loom, every atomic
//! sequentially consistent. Two schedulers: uniformly random, and PCT, which needs few preemptions in
//! the right places and is good at finding those.

#[path = "../protocol/mod.rs"]
pub mod protocol;
#[path = "../real/mod.rs"]
pub mod real;
pub mod sync;

use protocol::{Script, Setup, World, together};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// Runs the model `runs` times under each scheduler. The seed is fixed: a failure can be repeated.
pub fn check(runs: usize, model: impl Fn() + Sync + Send + Clone + 'static) {
    assert!(!std::thread::panicking());
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new_from_seed(SEED, runs), config.clone()).run(model.clone());
    Runner::new(PctScheduler::new_from_seed(SEED, 3, runs), config).run(model);
}

/// `check` for scripts side by side in a world; `after` sees what they leave.
pub fn explore<const N: usize>(runs: usize, setup: Setup, scripts: [Script; N], after: fn(&World)) {
    check(runs, move || after(&together(setup.clone(), &scripts)));
}

const SEED: u64 = 0x6d65_6d70_6f6f_6c21;
