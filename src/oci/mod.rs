//! Image layouts (OCI image specification, image-layout.md): documents that name blobs, and blobs named by what they hold.

mod descriptor;
mod digest;
mod layout;
mod place;

pub use descriptor::{Descriptor, Index, Kind, Manifest, Platform, media_type, note};
pub use digest::Digest;
pub use layout::{Contents, Layout, MARK, MARK_TEXT, SIGNATURE};
