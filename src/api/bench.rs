//! The `bench` namespace.

use super::World;
use crate::{
    args::Shortened,
    bench::{Advise, Compare, CompareHpcc, Gathering, HostLink, Hpcc, Ping, Sysbench, Tcp},
    lua::{Namespace, function},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "bench",
        functions: vec![
            function("advise", |world: &mut World, args: Advise| args.run(&mut world.lab)),
            function("compare", |world: &mut World, args: Compare| args.run(&mut world.lab)),
            function("compare_hpcc", |world: &mut World, args: CompareHpcc| args.run(&mut world.lab)),
            function("hpcc", |world: &mut World, args: Hpcc| args.run(&mut world.lab)),
            function("link", |world: &mut World, args: HostLink| args.run(&mut world.lab)),
            function("ping", |world: &mut World, args: Shortened<Ping>| args.0.run(&mut world.lab)),
            function("ready", |world: &mut World, args: Gathering| args.run(&mut world.lab)),
            function("sysbench", |world: &mut World, args: Sysbench| args.run(&mut world.lab)),
            function("tcp", |world: &mut World, args: Shortened<Tcp>| args.0.run(&mut world.lab)),
        ],
        lookup: None,
    }
}
