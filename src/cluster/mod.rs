//! Kubernetes on the machines of the lab: joined by what follows from the lab secret, with nothing handed over.

mod check;
mod discovery;
mod dns;
mod fit;
pub mod hello;
mod identity;
mod kubeadm;
mod kubectl;
mod leave;
mod member;
mod papers;
mod pods;
mod predict;
mod prove;
mod quantity;
mod ready;
mod refusal;
mod runtime;
mod service;
mod state;
mod subnets;
mod token;
mod twins;
mod underlay;
pub mod undo;

pub use check::check;
pub use identity::Identity;
pub use kubeadm::pause_image;
pub use member::Member;
pub use predict::predict;
pub use prove::Prove;
pub use ready::Ready;
pub use runtime::{CgroupDriver, Runtime};
pub use subnets::{Subnet, subnets};
pub use token::Token;
