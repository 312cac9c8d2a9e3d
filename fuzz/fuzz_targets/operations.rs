//! Any operations on pools and pages through the C functions, against a model: see model/mod.rs. One thread, so
//! that an input does the same each time; ./scripts/soak has the threads.
#![no_main]

mod guarded;
mod model;

use libfuzzer_sys::fuzz_target;
use mempool_bulk::ffi::own::{mempool_bulk_config, mempool_bulk_configure, mempool_bulk_set_report_handler};
use mempool_bulk::ffi::pages::{__free_page, alloc_page};
use mempool_bulk::gfp::GFP_KERNEL;
use model::World;
use model::input::Input;
use std::ptr::null_mut;

fn set_up() {
    mempool_bulk_set_report_handler(Some(model::on_report), null_mut());
    let config = mempool_bulk_config {
        struct_size: size_of::<mempool_bulk_config>(),
        limit_bytes: model::LIMIT_PAGES * 4096,
        prealloc_bytes: 0,
        flags: 0,
        node: -1,
        wait_timeout_ms: 0,
    };
    assert_eq!(mempool_bulk_configure(&raw const config), 0);
    // The first use commits some memory, whatever the mask.
    __free_page(alloc_page(GFP_KERNEL));
}

fn step(world: &mut World, input: &mut Input) {
    match input.byte() % 20 {
        0 | 1 => world.pool_begins_or_ends(input),
        2 => world.resize(input),
        3 => world.refill(input),
        4 | 5 => world.take_pages(input),
        6 => world.take_pages_cb(input),
        7 => world.take_block(input),
        8 => world.take_exact(input),
        9 => world.take_element(input),
        10 | 11 => world.take_many(input),
        12 => world.submit(input),
        13 => world.give_one(input),
        14 | 15 => world.give_many(input),
        16 => world.change_one(input),
        17 => world.trim(input),
        18 => world.bad_free(input),
        _ => match input.byte() % 2 {
            0 => world.bad_call(input),
            _ => world.odd_sizes(input),
        },
    }
}

fuzz_target!(
    init: set_up(),
    |data: &[u8]| {
        let (mut world, mut input) = (World::new(), Input::new(data));
        while !input.is_empty() {
            step(&mut world, &mut input);
            world.collect();
            world.check();
        }
        world.end();
    }
);
