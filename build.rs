//! Gives the shared library that plain `cargo build` makes its SONAME and keeps it loaded:
//! unloading a library whose sequences or fork handlers the C library still knows is a crash.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmempool_bulk.so.0");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete,-z,relro,-z,now");
}
