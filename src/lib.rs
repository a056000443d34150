//! labkit: builds a lab, proves the path, measures, reports. The modules, highest floor first.

pub mod cli;

pub mod recipe;

pub mod api;

pub mod bench;
pub mod lua;
pub mod net;
pub mod report;

pub mod kept;
pub mod lab;

pub mod exec;
pub mod journal;
pub mod progress;
pub mod results;

pub mod icmp;
pub mod netlink;
pub mod netns;
pub mod rights;

pub mod args;
pub mod clock;
pub mod columns;
pub mod cpu;
pub mod digest;
pub mod machine;
pub mod names;
pub mod quote;
pub mod raw;
pub mod signal;
pub mod sockopt;
pub mod stats;

pub mod error;
