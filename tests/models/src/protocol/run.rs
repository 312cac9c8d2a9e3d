//! Threads of a model, each with the CPUs it runs on.

use super::sync::thread;
use super::{Setup, Thread, World};
use std::sync::Arc;

/// What a thread does, and the CPUs it moves over when its sections abort.
pub type Script = (&'static [usize], fn(&World, &Thread));

/// Runs the scripts side by side, the last one in the calling thread; the world they leave.
pub fn together(setup: Setup, scripts: &[Script]) -> Arc<World> {
    let world = Arc::new(World::new(setup));
    let (last, others) = scripts.split_last().expect("a script");
    let start = |(id, script): (usize, &Script)| {
        let (world, (route, work)) = (world.clone(), *script);
        thread::spawn(move || work(&world, &Thread::new(id, route)))
    };
    let handles: Vec<_> = others.iter().enumerate().map(start).collect();
    last.1(&world, &Thread::new(others.len(), last.0));
    handles.into_iter().for_each(|handle| handle.join().unwrap());
    world
}
