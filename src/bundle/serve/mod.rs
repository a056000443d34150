//! A bundle on the network: its images as a registry, itself as files.

mod catalog;
mod packages;
mod raw;
mod referrers;
mod registry;
mod site;

pub use packages::{COMPONENT, DEBIAN, SIGNER, SUITE, offer as offer_packages, offer_of};
pub use site::{BundleSite, Offer, StaticSite};
