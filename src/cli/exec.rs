//! `labkit exec`

use std::{os::unix::process::CommandExt, process::Command};

use argh::FromArgs;

use crate::{
    error::{Context, Error, Result},
    kept,
    names::NsName,
    results::store,
};

/// Run a program in a namespace of a kept lab: labkit exec ns1 -- ping -c3 192.168.1.2
#[derive(FromArgs)]
#[argh(subcommand, name = "exec")]
pub struct Exec {
    /// namespace of the lab; `host` is the one that plays the machine
    #[argh(positional)]
    ns: String,

    /// program and its arguments
    #[argh(positional, greedy)]
    argv: Vec<String>,

    /// which lab, where several are kept
    #[argh(option)]
    lab: Option<String>,
}

impl Exec {
    pub fn run(self) -> Result<()> {
        let argv: Vec<String> = self.argv.into_iter().skip_while(|word| word == "--").collect();
        enter_and_replace(&self.ns, self.lab.as_deref(), &argv)
    }
}

/// Enters the namespace and becomes the program.
pub fn enter_and_replace(ns: &str, lab: Option<&str>, argv: &[String]) -> Result<()> {
    let name: NsName = ns.parse().map_err(Error::usage)?;
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Error::usage("no program to run").hint(format!("labkit exec {ns} -- ip addr")));
    };
    kept::find(&store::state_dir()?, lab)?.enter(&name)?;
    let error = Command::new(program).args(arguments).env("LABKIT_NS", ns).exec();
    Err(error).context(|| format!("run `{program}`"))
}
