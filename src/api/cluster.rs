//! The `cluster` namespace.

use serde::Deserialize;

use super::World;
use crate::{
    args::Nothing,
    cluster::{
        self, Calico, CalicoArgs, CgroupDriver, HplPod, HplPods, Identity, Member, Prove, Ready, Runtime, Token,
    },
    error::Result,
    lab::{Mode, operation::bring},
    lua::{Namespace, function},
    nodes::Role,
    secret::Secret,
};

/// What a node of the cluster is made with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    /// `"containerd"` unless given.
    #[serde(default)]
    runtime: Runtime,
    cgroups: CgroupDriver,
}

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "cluster",
        functions: vec![
            function("calico", |world: &mut World, args: CalicoArgs| {
                // Once for the whole cluster, by the one that has the rights.
                if world.lab.mode == Mode::Gather || world.lab.own_node()?.role != Role::Master {
                    return Ok(false);
                }
                if world.lab.acts() {
                    cluster::wait_for_answer(&world.lab, args.patience)?;
                }
                let pods = world.lab.nodes()?.pod_cidr;
                bring(&mut world.lab, &Calico { args, pods })
            }),
            function("check", |world: &mut World, _: Nothing| match world.lab.mode {
                Mode::Run | Mode::Build | Mode::Plan => cluster::check(&mut world.lab),
                Mode::Explain | Mode::Gather => Ok(()),
            }),
            function("fit", |world: &mut World, _: Nothing| -> Result<()> {
                if world.lab.measures() && world.lab.own_node()?.role == Role::Master {
                    cluster::predict(&[], false, &world.lab)?;
                }
                Ok(())
            }),
            function("hpl_pods", |world: &mut World, args: HplPods| -> Result<Vec<HplPod>> {
                match world.lab.own_node()?.role {
                    Role::Master if world.lab.measures() => args.run(&world.lab),
                    Role::Master => args.describe(&mut world.lab).map(|()| Vec::new()),
                    Role::Worker => Ok(Vec::new()),
                }
            }),
            function("member", |world: &mut World, args: Join| {
                world.params.refuse_unknown()?;
                // The secret is the lab's, and this may be another machine.
                if world.lab.mode == Mode::Gather {
                    return Ok(true);
                }
                let (nodes, own) = (world.lab.nodes()?, world.lab.own_node()?);
                let identity = Identity::of(&Secret::read()?);
                let Join { runtime, cgroups } = args;
                bring(&mut world.lab, &Member { nodes, own, runtime, cgroups, identity })
            }),
            function("network", |_: &mut World, _: Nothing| Ok(cluster::network())),
            function("pause_image", |world: &mut World, _: Nothing| match world.lab.mode {
                // kubeadm need not be installed yet.
                Mode::Run | Mode::Build => cluster::pause_image(),
                _ => Ok(cluster::pause_image().unwrap_or_else(|_| "‹pause image of kubeadm›".to_owned())),
            }),
            function("prove", |world: &mut World, args: Prove| match world.lab.measures() {
                true => args.run(&mut world.lab),
                false => Ok(true),
            }),
            function("ready", |world: &mut World, args: Ready| -> Result<()> {
                if !world.lab.acts() {
                    return args.explain(&mut world.lab);
                }
                if world.lab.own_node()?.role == Role::Master {
                    cluster::wait_for_answer(&world.lab, args.patience)?;
                    let (nodes, identity) = (world.lab.nodes()?, Identity::of(&Secret::read()?));
                    bring(&mut world.lab, &Token { nodes: &nodes, identity: &identity })?;
                }
                args.wait(&world.lab)
            }),
            function("subnets", |world: &mut World, _: Nothing| cluster::subnets(&world.lab.nodes()?)),
        ],
        lookup: None,
    }
}
