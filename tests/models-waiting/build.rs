//! Has `src/sync` take the model's futex instead of the system's.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(mempool_bulk_model)");
    println!("cargo:rustc-cfg=mempool_bulk_model");
}
