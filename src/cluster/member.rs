//! This machine as a node of the cluster: kubeadm's work, begun, finished, or begun anew.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant},
};

use super::{
    discovery,
    identity::Identity,
    kubeadm::Version,
    kubectl::Kubectl,
    leave,
    papers::{PORT, Papers},
    refusal,
    runtime::{CgroupDriver, Runtime},
    server,
    state::{self, State},
};
use crate::{
    command, disk,
    error::{Context, Error, Result},
    exec::Program,
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
    nodes::{Node, Nodes, Role},
    quote, signal,
};

/// `kubeadm init` on the master, `kubeadm join` elsewhere
pub struct Member {
    pub nodes: Nodes,
    pub own: Node,
    pub runtime: Runtime,
    pub cgroups: CgroupDriver,
    pub identity: Identity,
}

/// Of the kubelet, which makes them anew.
const KEYS: &str = "/var/lib/kubelet/pki";
const LOOK: Duration = Duration::from_millis(200);
/// For a kubeadm that an earlier run left at its work.
const KUBEADM: Duration = Duration::from_secs(1200);
/// For a cluster that is there to say so.
const ANSWER: Duration = Duration::from_secs(30);

impl Member {
    fn papers<'a>(&'a self, version: &'a Version) -> Papers<'a> {
        Papers {
            nodes: &self.nodes,
            own: &self.own,
            version,
            runtime: self.runtime,
            cgroups: self.cgroups,
            identity: &self.identity,
        }
    }

    /// Everything up to the point where kubeadm may begin.
    fn prepare(&self, lab: &Lab) -> Result<()> {
        let write = |below: &str, mode: u32, text: String| {
            disk::replace_with(&state::path(below), |file| {
                file.set_permissions(fs::Permissions::from_mode(mode))?;
                Ok(std::io::Write::write_all(file, text.as_bytes())?)
            })
        };
        // Its package starts a kubelet that nobody has told anything. It ends and begins again, and kubeadm's own package
        // may have cut it short at a key.
        command::attempt(&["systemctl", "stop", "kubelet.service"])?;
        leave::empty(Path::new(KEYS))?;
        directory(Path::new(state::HOME))?;
        if self.own.role == Role::Master {
            directory(&state::path("pki"))?;
            write("pki/ca.key", 0o600, self.identity.authority.private_key()?)?;
            write("pki/ca.crt", 0o644, state::certificate(&self.identity)?)?;
        } else {
            discovery::wait(self.master()?, &self.identity, lab)?;
            discovery::wait_for_clock(&self.nodes, &self.identity, lab)?;
        }
        let papers = state::papers();
        let name = papers.file_name().unwrap_or_default().to_string_lossy();
        write(&name, 0o600, self.papers(&Version::installed()?).text()?)
    }

    fn master(&self) -> Result<SocketAddr> {
        Ok(SocketAddr::new(self.nodes.master()?.address, PORT))
    }

    fn kubeadm(&self, lab: &Lab) -> Result<()> {
        let verb = self.verb();
        let papers = state::papers().display().to_string();
        let argv = ["kubeadm", verb, "--config", &papers];
        lab.progress.doing(&format!("kubeadm {verb}"));
        let run = |vain: &AtomicBool| {
            Program { argv: &argv, limit: Duration::MAX }.to_the_end_unless(vain, &mut |line| {
                // `[certs] Generating "etcd/ca" certificate and key`
                if line.starts_with('[') {
                    lab.progress.doing(line);
                }
            })
        };
        let output = match self.own.role {
            Role::Master => run(&AtomicBool::new(false))?,
            Role::Worker => discovery::attended(self.master()?, &self.identity, run)?,
        };
        output.require_success(&argv).map_err(|error| {
            let printed = String::from_utf8_lossy(&output.stderr);
            self.absence().unwrap_or_else(|| refusal::explained(verb, &printed, error))
        })
    }

    /// A master that is gone is why a machine could not join, whatever kubeadm says.
    fn absence(&self) -> Option<Error> {
        let silence = server::ask(&self.nodes, &self.identity).err().filter(|_| self.own.role == Role::Worker)?;
        Some(silence.context("the master went while this machine joined, which the same command does anew"))
    }

    fn verb(&self) -> &'static str {
        if self.own.role == Role::Master { "init" } else { "join" }
    }

    /// Whether kubeadm came to its end although nobody was there to note it.
    fn is_whole(&self) -> bool {
        let kubectl = Kubectl::of(self.own.role);
        let has = |words: &[&str]| kubectl.get(words).is_ok_and(|found| found.is_some());
        match self.own.role {
            Role::Master => {
                let deadline = Instant::now() + ANSWER;
                while kubectl.get(&["namespace", "kube-system"]).is_err() {
                    if Instant::now() > deadline || signal::asked_to_stop() {
                        return false;
                    }
                    thread::sleep(LOOK);
                }
                has(&["configmap", "cluster-info", "--namespace", "kube-public"])
                    && has(&["daemonset", "kube-proxy", "--namespace", "kube-system"])
                    && has(&["deployment", "coredns", "--namespace", "kube-system"])
            }
            Role::Worker => state::path("kubelet.conf").exists() && has(&["node", self.own.name.as_str()]),
        }
    }

    /// What was begun is finished where that can be, or taken away.
    fn finish(&self, lab: &Lab) -> Result<bool> {
        let deadline = Instant::now() + KUBEADM;
        while is_at_work("kubeadm") {
            lab.progress.doing("waits for the kubeadm that an earlier run left at its work");
            signal::check()?;
            if Instant::now() > deadline {
                return Err(Error::failed("a kubeadm of an earlier run does not end").hint("pkill kubeadm"));
            }
            thread::sleep(LOOK);
        }
        if self.is_whole() {
            return Ok(true);
        }
        lab.progress.doing("takes away what was begun");
        leave::reset(self.runtime.socket()).map(|()| false)
    }
}

fn directory(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).context(|| format!("make `{}`", path.display()))
}

/// True where a program of this name runs.
fn is_at_work(name: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = processes.filter_map(|process| fs::read_to_string(process.path().join("comm")).ok());
    names.into_iter().any(|comm| comm.trim_end() == name)
}

impl Operation for Member {
    type Seen = State;

    fn title(&self) -> String {
        format!("cluster {}", self.nodes.name)
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Cluster]
    }

    fn look(&self, _: &Lab) -> Result<State> {
        State::of(self.own.role, &self.identity)
    }

    fn difference(&self, state: &State) -> Option<Difference> {
        let deed = match self.own.role {
            Role::Master => "begin it",
            Role::Worker => "join it",
        };
        match state {
            State::Member => None,
            State::Free => Some(Difference::of(deed)),
            State::Begun => Some(Difference::of(format!("{deed}, which was begun and not finished"))),
            State::Foreign => Some(Difference::of(format!("leave another cluster, and {deed}"))),
        }
    }

    fn before(&self, state: &State, lab: &mut Lab) -> Result<Before> {
        if *state == State::Foreign && !lab.force {
            return Err(Error::failed("this machine is in a cluster of another lab secret").hint(
                "where that was another lab, `--force` takes the machine out of it; else give it the secret of its lab",
            ));
        }
        Ok(Before::Member { socket: self.runtime.socket().to_owned() })
    }

    fn apply(&self, state: &State, lab: &Lab) -> Result<()> {
        let is_done = match state {
            State::Free | State::Member => false,
            State::Begun => self.finish(lab)?,
            State::Foreign => leave::reset(self.runtime.socket()).map(|()| false)?,
        };
        if !is_done {
            self.prepare(lab)?;
            self.kubeadm(lab)?;
        }
        state::mark(self.own.role, &self.identity)
    }

    fn explain(&self) -> Vec<String> {
        let socket = format!("--cri-socket={}", self.runtime.socket());
        match self.own.role {
            Role::Master => vec![quote::line(&[
                "kubeadm",
                "init",
                &format!("--apiserver-advertise-address={}", self.own.address),
                &format!("--pod-network-cidr={}", self.nodes.pod_cidr),
                &format!("--service-cidr={}", self.nodes.service_cidr),
                &format!("--node-name={}", self.own.name),
                &socket,
            ])],
            Role::Worker => {
                let master = self.master().map(|master| master.to_string()).unwrap_or_default();
                // On the master: kubeadm token create --print-join-command
                vec![format!(
                    "kubeadm join {master} --token \"$TOKEN\" --discovery-token-ca-cert-hash \"$PIN\" {} {socket}",
                    quote::word(&format!("--node-name={}", self.own.name)),
                )]
            }
        }
    }
}

/// `kubeadm reset` and what it leaves.
pub fn revert(socket: &str) -> Result<()> {
    leave::reset(socket)?;
    // The kubelet would wait for a configuration for ever.
    command::attempt(&["systemctl", "stop", "kubelet.service"]).map(|_| ())
}
