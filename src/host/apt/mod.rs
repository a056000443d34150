//! Debian's packages: what dpkg has, what apt would do, and doing it.

mod archive;
mod dpkg;
mod elsewhere;
mod get;
mod hold;
mod packages;
mod progress;
mod undo;

pub use archive::Archive;
pub use elsewhere::prepare;
pub use hold::{Hold, revert as revert_hold};
pub use packages::Packages;
pub use undo::revert;
