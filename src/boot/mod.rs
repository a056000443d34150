//! A machine that comes from an image: which node of the lab it is, what it was asked to become, and what of it must not be
//! copied to another one.

mod address;
mod handover;
mod host_key;
mod own;
mod progress;
mod seal;
mod seed;
mod wishes;

pub use address::LabAddress;
pub use handover::Handover;
pub use host_key::make_host_key;
pub use own::{Sign, own_node};
pub use progress::{Progress, Step};
pub use seal::{Trace, traces};
pub use seed::with_seed;
pub use wishes::{Wish, Wishes};
