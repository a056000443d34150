//! Booted machines become a real cluster from a bundle, prove their pods' way, are mended, and are given back.
#![allow(clippy::unwrap_used, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod calico;
mod computed;
mod killed;
mod mended;
