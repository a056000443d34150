//! Registries of container images that others run: what a name leads to there, and its blobs.

mod image;
mod reference;
mod remote;

pub use image::pin;
pub use reference::{Reference, address_of, full_name};
pub use remote::{Blob, Remote};
