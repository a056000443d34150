//! labkit: builds a lab, proves the path, measures, reports.
//!
//! The modules by floor, the highest first: a module may use what stands on lower floors, and nothing else.
//! The rooms, which hold what labkit is for, stand beside each other and never use one another.

pub mod cli;

pub mod recipe;

pub mod api;

pub mod archive;
pub mod import;

pub mod bench;
pub mod boot;
pub mod bundle;
pub mod cluster;
pub mod host;
pub mod lua;
pub mod net;
pub mod report;

pub mod kept;

pub mod diagnosis;
pub mod lab;

pub mod command;

pub mod exec;
pub mod journal;
pub mod progress;
pub mod results;

pub mod http;
pub mod httpd;
pub mod netlink;
pub mod oci;
pub mod rights;
pub mod secret;
pub mod tap;

pub mod icmp;
pub mod netns;

pub mod nodes;
pub mod reach;

pub mod addresses;
pub mod apt_words;
pub mod args;
pub mod authority;
pub mod clock;
pub mod columns;
pub mod cpu;
pub mod disk;
pub mod finding;
pub mod gzip;
pub mod listeners;
pub mod machine;
pub mod minisign;
pub mod names;
pub mod openpgp;
pub mod printed;
pub mod quote;
pub mod scratch;
pub mod sockopt;
pub mod ssh_key;
pub mod stats;
pub mod tarball;
pub mod toml_text;

pub mod chance;
pub mod digest;
pub mod ed25519;
pub mod raw;
pub mod signal;
pub mod volume;

pub mod encoding;
pub mod error;
