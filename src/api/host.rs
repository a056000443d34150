//! The `host` namespace.

use super::World;
use crate::{
    args::{Nothing, Shortened},
    error::Result,
    host::{
        Account, Archive, Block, Directory, DocumentValue, Facts, FileLine, Hold, Hostname, Link, Module, NoSwap,
        Packages, Remains, RunProgram, Service, Ssh, Sysctl, Trust, WriteFile,
    },
    lab::{
        Mode, WantedArchive,
        operation::{Operation, bring},
    },
    lua::{Namespace, function},
    secret::Secret,
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "host",
        functions: vec![
            function("archive", |world: &mut World, args: Archive| {
                let mut changed = false;
                if world.lab.mode == Mode::Gather {
                    let (name, text, key) = (args.name.clone(), args.text(), args.key.clone());
                    world.lab.wants.archives.insert(WantedArchive { name, text, key });
                }
                for file in args.files()? {
                    Directory::above(&file.path, &mut world.lab)?;
                    changed |= act(world, &file)?;
                }
                Ok(changed)
            }),
            function("block", |world: &mut World, args: Block| {
                Directory::above(&args.path, &mut world.lab)?;
                act(world, &args)
            }),
            function("directory", |world: &mut World, args: Shortened<Directory>| {
                Directory::above(&args.0.path, &mut world.lab)?;
                act(world, &args.0)
            }),
            function("facts", |_: &mut World, _: Nothing| Facts::read()),
            function("file", |world: &mut World, args: WriteFile| {
                let args = args.filled()?;
                Directory::above(&args.path, &mut world.lab)?;
                act(world, &args)
            }),
            function("hold", |world: &mut World, args: Hold| act(world, &args)),
            function("hostname", |world: &mut World, args: Shortened<Hostname>| {
                let written = act(world, &args.0.file()?)?;
                Ok(act(world, &args.0)? || written)
            }),
            function("line", |world: &mut World, args: FileLine| act(world, &args)),
            function("link", |world: &mut World, args: Link| {
                Directory::above(&args.path, &mut world.lab)?;
                act(world, &args)
            }),
            function("module", |world: &mut World, args: Shortened<Module>| {
                // Where there is no such module nothing is left of it.
                let loaded = act(world, &args.0)?;
                Ok(act(world, &args.0.file()?)? || loaded)
            }),
            function("no_swap", |world: &mut World, _: Nothing| {
                let aside = act(world, &NoSwap.aside()?)?;
                Ok(act(world, &NoSwap)? || aside)
            }),
            function("packages", |world: &mut World, args: Packages| {
                args.check()?;
                world.params.refuse_unknown()?;
                world.begin_packages(&args)?;
                act(world, &args)
            }),
            function("remains", |world: &mut World, args: Remains| {
                args.check()?;
                act(world, &args)
            }),
            function("run", |world: &mut World, args: RunProgram| {
                args.check()?;
                act(world, &args)
            }),
            function("service", |world: &mut World, args: Service| act(world, &args)),
            function("ssh", |world: &mut World, args: Ssh| {
                // The secret is the lab's, and this may be another machine.
                if world.lab.mode == Mode::Gather {
                    return Ok(true);
                }
                let Trust { directories, files, blocks, server } = args.trust(&world.lab.nodes()?, &Secret::read()?)?;
                let mut changed = false;
                for directory in &directories {
                    changed |= act(world, directory)?;
                }
                for file in &files {
                    Directory::above(&file.path, &mut world.lab)?;
                    changed |= act(world, file)?;
                }
                for block in &blocks {
                    changed |= act(world, block)?;
                }
                Ok(act(world, &server)? || changed)
            }),
            function("sysctl", |world: &mut World, args: Sysctl| {
                let args = args.named(&world.lab.run.recipe);
                // Before anything is done: its name may be none.
                let file = args.file()?;
                let set = act(world, &args)?;
                Ok(act(world, &file)? || set)
            }),
            function("user", |world: &mut World, args: Shortened<Account>| act(world, &args.0)),
            function("value", |world: &mut World, args: DocumentValue| act(world, &args)),
        ],
        lookup: None,
    }
}

/// Parameters that nobody declared are told before anything is done.
fn act(world: &mut World, operation: &impl Operation) -> Result<bool> {
    world.params.refuse_unknown()?;
    bring(&mut world.lab, operation)
}
