//! mempool_bulk_configure() on any bytes, against what its description says. The structure ends where memory
//! ends, so that reading past its struct_size is a crash. Knows no allocation: it would freeze the settings.
#![no_main]

mod guarded;

use libfuzzer_sys::fuzz_target;
use mempool_bulk::ffi::own::{mempool_bulk_config, mempool_bulk_configure};

const KNOWN: usize = size_of::<mempool_bulk_config>();

/// The fields, with the defaults of what a shorter structure lacks.
struct Fields {
    limit: u64,
    prealloc: u64,
    flags: u32,
    node: i32,
}

fn fields(bytes: &[u8]) -> Fields {
    // Copied byte by byte, as far as they go: a size may end inside a field.
    let mut all = [0; KNOWN];
    all[28..32].copy_from_slice(&(-1i32).to_ne_bytes());
    let n = bytes.len().min(KNOWN);
    all[..n].copy_from_slice(&bytes[..n]);
    let u64_at = |at: usize| u64::from_ne_bytes(all[at..at + 8].try_into().expect("8 bytes"));
    let u32_at = |at: usize| u32::from_ne_bytes(all[at..at + 4].try_into().expect("4 bytes"));
    Fields { limit: u64_at(8), prealloc: u64_at(16), flags: u32_at(24), node: u32_at(28) as i32 }
}

fn node_exists(node: i32) -> bool {
    node == -1 || node == 0 || (node > 0 && std::path::Path::new(&format!("/sys/devices/system/node/node{node}")).exists())
}

/// What the call must answer for a structure whose struct_size is `size`.
fn expected(bytes: &[u8], size: usize) -> i32 {
    if !(8..=4096).contains(&size) {
        return -libc::EINVAL;
    }
    if bytes.iter().skip(KNOWN).any(|byte| *byte != 0) {
        return -libc::E2BIG;
    }
    let Fields { limit, prealloc, flags, node } = fields(bytes);
    let sizes_fit = limit == 0 || (limit >= 4096 && prealloc <= limit);
    if flags & !15 == 0 && sizes_fit && node_exists(node) { 0 } else { -libc::EINVAL }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first_chunk::<2>() else { return };
    // Mostly sizes that are near the real one, now and then a wild one.
    let size = match u16::from_ne_bytes(*first) {
        small @ 0..=0x1fff => usize::from(small),
        wild => usize::MAX - usize::from(wild),
    };
    let mut bytes = size.to_ne_bytes().to_vec();
    bytes.extend_from_slice(rest);
    bytes.resize(size.clamp(8, 4096), 0);
    let config = guarded::at_the_end(&bytes);
    assert_eq!(mempool_bulk_configure(config.cast()), expected(&bytes, size));
});
