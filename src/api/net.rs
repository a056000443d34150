//! The `net` namespace.

use super::World;
use crate::{
    args::Shortened,
    lua::{Namespace, function},
    net::{
        AddAddress, AddRoute, Bridge, Counters, Down, Linear, Ns, OneVtep, PingAll, Prove, SetSysctl, Sketch, Star,
        Tree, Up, Veth, Vxlan,
    },
};

pub fn namespace() -> Namespace<World> {
    let at = |world: &World| world.lab.position.clone();
    Namespace {
        name: "net",
        functions: vec![
            function("addr", move |world: &mut World, args: AddAddress| world.net.addr(args, &at(world))),
            function("bridge", move |world: &mut World, args: Bridge| world.net.bridge(args, &at(world))),
            function("counters", |world: &mut World, args: Counters| {
                world.params.refuse_unknown()?;
                world.net.counters(&mut world.lab, args)
            }),
            function("down", |world: &mut World, args: Down| world.net.down(&mut world.lab, args)),
            function("linear", move |world: &mut World, n: Shortened<Linear>| world.net.linear(n.0, &at(world))),
            function("ns", move |world: &mut World, ns: Shortened<Ns>| world.net.ns(ns.0, &at(world))),
            function("ping_all", |world: &mut World, args: PingAll| {
                world.params.refuse_unknown()?;
                world.net.ping_all(&mut world.lab, args)
            }),
            function("prove", |world: &mut World, args: Prove| {
                world.params.refuse_unknown()?;
                world.net.prove(&mut world.lab, args)
            }),
            function("route", move |world: &mut World, args: AddRoute| world.net.route(args, &at(world))),
            function("star", move |world: &mut World, n: Shortened<Star>| world.net.star(n.0, &at(world))),
            function("sysctl", move |world: &mut World, args: SetSysctl| world.net.sysctl(args, &at(world))),
            function("topology", move |world: &mut World, args: Sketch| world.net.sketch(args, &at(world))),
            function("tree", move |world: &mut World, args: Tree| world.net.tree(args, &at(world))),
            function("up", |world: &mut World, args: Up| {
                world.params.refuse_unknown()?;
                world.net.up(&mut world.lab, args)
            }),
            function("veth", move |world: &mut World, args: Veth| world.net.veth(args, &at(world))),
            function("vtep", move |world: &mut World, args: OneVtep| world.net.vtep(args, &at(world))),
            function("vxlan", move |world: &mut World, args: Vxlan| world.net.vxlan(args, &at(world))),
        ],
        lookup: None,
    }
}
