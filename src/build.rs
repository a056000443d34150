//! Rebuild when a recipe is added: `include_dir` alone notices changed files, not new ones.

fn main() {
    println!("cargo:rerun-if-changed=lua");
}
