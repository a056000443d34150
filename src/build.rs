//! Rebuild when a recipe is added: `include_dir` alone notices changed files, not new ones. And a release is linked so that
//! it is small.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=lua");
    println!("cargo:rerun-if-changed=src/release.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    if !is("PROFILE", "release") {
        return;
    }
    // Where a panic ends the process nobody reads the tables by which it would be unwound.
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rustc-link-arg-bins=-T{here}/src/release.ld");
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        // Relocations in a bitmap (DT_RELR), which glibc has applied since 2.36.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
