//! Fetching over HTTP: requests, files that are resumed and checked, and what a registry asks before it answers.

mod challenge;
mod client;
mod download;
mod retry;

pub use challenge::Challenge;
pub use client::{Client, Response};
pub use download::{Download, FileAt, Source};
pub use retry::{Failure, persist};
