//! Ruby, in which the Vagrantfile is written.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::{TREE, support::Said};

/// Runs Ruby on a text.
pub fn ruby(arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new("ruby")
        .args(arguments)
        .current_dir(TREE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

/// What an expression of Ruby is, with a file of vagrant/lib.
pub fn evaluated(file: &str, expression: &str) -> String {
    ruby(&["-w", "-r", &format!("./vagrant/lib/{file}"), "-e", &format!("p({expression})")], "")
        .ok()
        .trim_end()
        .to_owned()
}
