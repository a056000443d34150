//! `labkit bundle serve`: what it answers, whom it serves, and what it costs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod http;
mod layout;
mod load;
mod pulls;
mod reference;
mod served;
