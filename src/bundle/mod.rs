//! The offline bundle: an image layout with everything that a lab needs, each thing pinned by what it holds.

pub mod apt;
mod build;
mod contents;
mod diff;
mod extract;
mod facts;
mod file;
mod find;
mod images_of;
mod kind;
mod lock;
mod open;
pub mod pack;
mod registry;
mod remote_bundle;
mod serve;
mod sign;
mod verify;

pub use apt::Source;
pub use build::{Built, Fetched, Orders, Origin, build, fetch};
pub use contents::{Item, items};
pub use diff::{Difference, diff};
pub use extract::{Extracted, extract};
pub use facts::BundleFacts;
pub use file::FileName;
pub use find::{find, need};
pub use kind::ItemKind;
pub use lock::{Deb, File, Image, Lock, Moved, Question, Wanted, compare, resolve};
pub use open::Bundle;
pub use registry::full_name;
pub use serve::{BundleSite, COMPONENT, DEBIAN, Offer, SIGNER, SUITE, offer_packages};
pub use sign::sign;
pub use verify::{Finding, Verified, verify};
