//! The C functions: check arguments, call the core, convert the result. The only raw pointers from C
//! and the only exported names of the library. Holds no rule of its own; `header/` has the parts of
//! `mempool_bulk.h` that are no prototypes, `mempool_bulk.map` lists what is exported.
#![allow(non_camel_case_types, clippy::missing_safety_doc)]

mod at_exit;
pub mod bulk;
pub mod convert;
pub mod elements;
pub mod faults;
pub mod kvmalloc;
pub mod list;
pub mod mappings;
pub mod memory;
pub mod own;
pub mod own_pages;
pub mod pages;
pub mod pool;
pub mod pressure;
pub mod ready;
pub mod requests;
pub mod slab;
