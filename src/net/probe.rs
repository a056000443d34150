//! Does this kernel have what labs need? Asked by doing it, in the calling thread's namespace.

use crate::{
    error::{Context, Result},
    netlink::{Bridge, Connection, Endpoint, Veth, Vxlan},
};

fn end(index: u32, name: &str) -> Endpoint<'_> {
    Endpoint { index, name, mac: [2, 0, 0, 0, 0, index as u8], ..Endpoint::default() }
}

/// Makes one device of each kind; gives each kind with what came of it.
pub fn link_kinds() -> Result<Vec<(&'static str, Result<()>)>> {
    let mut connection = Connection::open()?;
    let local = [127, 0, 0, 1].into();
    let requests = [
        ("veth", Veth { near: end(100, "probe0"), far: end(101, "probe1"), far_ns: None }.create()),
        ("bridge", Bridge { end: end(102, "probe2"), stp: false }.create()),
        ("vxlan", Vxlan { end: end(103, "probe3"), vni: 1, port: 4789, local, remote: local, dev: None }.create()),
    ];
    Ok(requests
        .into_iter()
        .map(|(kind, request)| {
            let made = connection.transact(&[request]).map_err(|refusal| refusal.error);
            (kind, made.context(|| format!("create a {kind}")))
        })
        .collect())
}
