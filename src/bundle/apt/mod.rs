//! Debian's packages in a bundle: what the wanted ones need, whether all of it is there, and an archive made of them.

mod archive;
mod closure;
mod configuration;
mod control;
mod deb;
mod known;
mod relation;
mod resolve;
mod scratch;
mod source;
mod version;

pub use archive::{ArchiveFile, COMPONENT, Package, SUITE, files};
pub use closure::missing;
pub use control::Control;
pub use deb::{control_of_deb, require_same};
pub use resolve::Resolved;
pub use scratch::Scratch;
pub use source::Source;
pub use version::Version;
