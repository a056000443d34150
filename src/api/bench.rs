//! The `bench` namespace.

use super::World;
use crate::{
    args::Shortened,
    bench::{Advise, Compare, CompareHpcc, Gathering, HostLink, Hpcc, Ping, Sysbench, Tcp},
    error::Result,
    lab::Lab,
    lua::{Namespace, function},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "bench",
        functions: vec![
            function("advise", |world: &mut World, args: Advise| args.run(declared(world)?)),
            function("compare", |world: &mut World, args: Compare| args.run(&mut world.lab)),
            function("compare_hpcc", |world: &mut World, args: CompareHpcc| args.run(declared(world)?)),
            function("hpcc", |world: &mut World, args: Hpcc| args.run(declared(world)?)),
            function("link", |world: &mut World, args: HostLink| args.run(declared(world)?)),
            function("ping", |world: &mut World, args: Shortened<Ping>| args.0.run(&mut world.lab)),
            function("ready", |world: &mut World, args: Gathering| args.run(declared(world)?)),
            function("sysbench", |world: &mut World, args: Sysbench| args.run(declared(world)?)),
            function("tcp", |world: &mut World, args: Shortened<Tcp>| args.0.run(&mut world.lab)),
        ],
        lookup: None,
    }
}

/// Parameters that nobody declared are told before minutes are spent on measuring.
fn declared(world: &mut World) -> Result<&mut Lab> {
    world.params.refuse_unknown()?;
    Ok(&mut world.lab)
}
