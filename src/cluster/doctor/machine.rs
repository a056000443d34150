//! The machine itself: its name, its kernel's settings, its clock.

use std::fs;

use nix::unistd::gethostname;

use crate::{
    cluster::server,
    finding::{Finding, State},
    nodes::Node,
};

const NODE: &str = "`sudo labkit run node`";

/// What a node needs of the kernel; what lacks is of this state.
pub fn examine(own: &Node, lacking: State) -> Vec<Finding> {
    let name = gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let setting = |path: &str| fs::read_to_string(format!("/proc/sys/net/{path}")).ok();
    vec![
        host_name(&name, own.name.as_str(), lacking),
        swap(&fs::read_to_string("/proc/swaps").unwrap_or_default(), lacking),
        forwarding(setting("ipv4/ip_forward").as_deref(), lacking),
        filter(setting("bridge/bridge-nf-call-iptables").as_deref(), lacking),
    ]
}

fn host_name(name: &str, wanted: &str, lacking: State) -> Finding {
    match name == wanted {
        true => Finding::good("host name", name),
        false => {
            Finding::new("host name", lacking, format!("{name}, and lab.toml calls this machine {wanted}")).remedy(NODE)
        }
    }
}

/// By `/proc/swaps`, a heading and a line for each.
fn swap(swaps: &str, lacking: State) -> Finding {
    let places: Vec<&str> = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    match places.is_empty() {
        true => Finding::good("swap", "off"),
        false => Finding::new("swap", lacking, format!("on, in {}: a kubelet does not start", places.join(", ")))
            .remedy(NODE),
    }
}

fn forwarding(ip_forward: Option<&str>, lacking: State) -> Finding {
    match ip_forward.map(str::trim) {
        Some("1") => Finding::good("ip_forward", "on"),
        _ => Finding::new("ip_forward", lacking, "off: packets of pods do not leave the machine").remedy(NODE),
    }
}

fn filter(bridge_nf: Option<&str>, lacking: State) -> Finding {
    let lacks = |found| Finding::new("br_netfilter", lacking, found).remedy(NODE);
    match bridge_nf.map(str::trim) {
        Some("1") => Finding::good("br_netfilter", "on"),
        Some(_) => lacks("off: pods do not reach services whose pods are on the same node"),
        None => lacks("not loaded: pods do not reach services whose pods are on the same node"),
    }
}

/// By how many milliseconds this machine's clock is ahead of the master's.
pub fn clock(ahead_ms: i64) -> Finding {
    match server::skew(ahead_ms) {
        None => Finding::good("lab clock", format!("within {} s of the master's", (ahead_ms.abs() / 1000).max(1))),
        Some(skew) => Finding::bad("lab clock", skew)
            .remedy("`systemctl start chrony`, which sets it by the master's; `chronyc tracking` shows how far it is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From a machine with a swap file.
    const SWAPS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swapfile                               file\t\t1048572\t\t0\t\t-2\n";

    #[test]
    fn what_a_kubelet_needs_of_the_kernel_is_named_where_it_lacks() {
        assert_eq!(swap(SWAPS.lines().next().unwrap(), State::Bad).state, State::Good);
        let found = swap(SWAPS, State::Bad);
        assert_eq!((found.state, found.found.as_str()), (State::Bad, "on, in /swapfile: a kubelet does not start"));
        assert_eq!(
            [forwarding(Some("1\n"), State::Bad).state, forwarding(Some("0\n"), State::Note).state],
            [State::Good, State::Note]
        );
        assert_eq!(filter(Some("1\n"), State::Bad).state, State::Good);
        assert!(filter(None, State::Bad).found.starts_with("not loaded"));
        assert!(filter(Some("0\n"), State::Bad).found.starts_with("off"));
        assert_eq!(host_name("debian", "node01", State::Bad).found, "debian, and lab.toml calls this machine node01");
    }

    #[test]
    fn a_clock_that_is_a_minute_away_is_bad() {
        assert_eq!(clock(400).found, "within 1 s of the master's");
        assert_eq!(clock(60_000).state, State::Good);
        assert_eq!(clock(90_000).found, "90 s ahead of the master's");
        assert_eq!(clock(-1_000_000).found, "1000 s behind the master's");
    }
}
