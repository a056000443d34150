//! This machine: files, kernel settings, services, packages. Each is brought into the state that is wanted, and back.

mod accounts;
mod apt;
mod block;
mod command;
mod directory;
mod facts;
mod file;
mod hostname;
mod line;
mod link;
mod module;
mod place;
mod program;
mod shell;
mod ssh;
mod started;
mod swap;
mod sysctl;
pub mod undo;
mod unit;
mod user;

pub use apt::{Archive, Hold, Packages};
pub use block::Block;
pub use directory::Directory;
pub use facts::Facts;
pub use file::WriteFile;
pub use hostname::Hostname;
pub use line::FileLine;
pub use link::Link;
pub use module::Module;
pub use program::RunProgram;
pub use ssh::{Ssh, Trust};
pub use swap::NoSwap;
pub use sysctl::Sysctl;
pub use unit::Service;
pub use user::Account;
