//! Messages to one namespace, sent together, each remembering what it is for.

use std::collections::BTreeMap;

use nix::errno::Errno;

use super::topology::{Address, Device, Route};
use crate::{
    error::Error,
    names::NsName,
    netlink::{Refusal, Request},
};

/// Messages for one namespace, each with what it is for and where the recipe asked for it.
#[derive(Default)]
pub(super) struct Batch<'a> {
    pub(super) requests: Vec<Request>,
    sources: Vec<Source<'a>>,
}

/// What a message does, for the error if it is refused.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Create(&'a Device),
    SetUp(&'a Device),
    Loopback,
    Address(&'a Address),
    Route(&'a Route),
}

impl Source<'_> {
    fn context(self, error: Error, errno: i32) -> Error {
        match self {
            Source::Create(device) => {
                let error = error.context(format!("create {} `{}`", device.kind.word(), device.hop)).at(&device.at);
                match Errno::from_raw(errno) {
                    Errno::EEXIST => error.hint("another lab on this host? `labkit ls` shows them"),
                    Errno::EOPNOTSUPP => {
                        error.hint(format!("this kernel has no {}: see `labkit doctor`", device.kind.word()))
                    }
                    _ => error,
                }
            }
            Source::SetUp(device) => error.context(format!("set `{}` up", device.hop)).at(&device.at),
            Source::Loopback => error.context("set `lo` up"),
            Source::Address(address) => {
                error.context(format!("add {} to `{}`", address.cidr, address.hop)).at(&address.at)
            }
            Source::Route(route) => {
                error.context(format!("add route to {} via {} in `{}`", route.to, route.via, route.ns)).at(&route.at)
            }
        }
    }
}

/// By namespace.
pub(super) type Batches<'a> = BTreeMap<&'a NsName, Batch<'a>>;

/// Adds a message to its namespace's batch.
pub(super) fn push<'a>(batches: &mut Batches<'a>, ns: &'a NsName, request: Request, source: Source<'a>) {
    let batch = batches.entry(ns).or_default();
    batch.requests.push(request);
    batch.sources.push(source);
}

impl Batch<'_> {
    /// Why the kernel refused one of the messages, with what that was for.
    pub(super) fn explain(&self, refusal: Refusal) -> Error {
        match self.sources.get(refusal.request) {
            Some(source) => source.context(refusal.error, refusal.errno),
            None => refusal.error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::topology::Kind;

    #[test]
    fn a_kernel_without_a_kind_of_link_is_told_by_name() {
        let device = Device {
            hop: "host1/vxlan0".parse().unwrap(),
            kind: Kind::Bridge { stp: false },
            mtu: None,
            master: None,
            at: "ex1.lua:9".into(),
        };
        let refused = Error::from(Errno::EOPNOTSUPP);
        let error = Source::Create(&device).context(refused, Errno::EOPNOTSUPP as i32);
        assert!(error.to_string().starts_with("ex1.lua:9: create bridge `host1/vxlan0`: Operation not supported"));
        assert_eq!(error.what_to_try(), Some("this kernel has no bridge: see `labkit doctor`"));
    }
}
