//! What `rseq` is where this library has no restartable sections: nothing is ever installed, so the
//! locked fallback does all the work.

use super::batch::Batch;
use super::slab::Stack;

pub fn installed() -> bool {
    false
}

pub fn cpus() -> u32 {
    0
}

pub fn add(_first: usize, _n: u64) -> bool {
    false
}

pub fn install(_slabs: usize, _cpus: u32) -> bool {
    false
}

pub fn abort_all() -> bool {
    false
}

pub fn len<S: Stack>() -> usize {
    0
}

pub fn popped<S: Stack>() -> u64 {
    0
}

pub fn run_len() -> u32 {
    0
}

pub fn take_run(_n: u32) -> u32 {
    super::slab::NOTHING
}

pub fn put_run(_first: u32, _n: u32) -> bool {
    false
}

pub fn pop_one<S: Stack>() -> u32 {
    super::slab::NOTHING
}

pub fn push_one<S: Stack>(_entry: u32) -> bool {
    false
}

pub fn pop<S: Stack>(_out: &mut Batch, _most: usize) {}

pub fn pop_addresses<S: Stack, T>(_out: &mut [*mut T], _base: usize) -> usize {
    0
}

pub fn push<S: Stack>(_entries: &[u32]) -> usize {
    0
}

pub fn push_addresses<S: Stack, T>(_addresses: &[*mut T], _base: usize) -> usize {
    0
}
