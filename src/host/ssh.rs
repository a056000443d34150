//! ssh between the nodes of a lab without a question: keys that follow from the lab secret, and a certificate for the
//! host key that each machine has already.

use std::fs;

use nix::unistd::User;
use serde::Deserialize;

use super::{
    Block, Directory, Service,
    file::WriteFile,
    place::{FileMode, FilePath},
};
use crate::{
    args::OneOrMany,
    error::{Context, Error, Result},
    nodes::{Node, Nodes},
    secret::{Purpose, Secret},
    ssh_key::SshKey,
};

/// What ssh needs to trust the nodes of the lab, and to be trusted by them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Users that may go from node to node, each to the same user: `"root"` unless given.
    #[serde(default = "root")]
    pub users: OneOrMany<String>,
}

fn root() -> OneOrMany<String> {
    OneOrMany(vec!["root".to_owned()])
}

/// What is to be brought about, in this order.
pub struct Trust {
    pub directories: Vec<Directory>,
    pub files: Vec<WriteFile>,
    pub blocks: Vec<Block>,
    pub server: Service,
}

const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";
const CERTIFICATE: &str = "/etc/ssh/labkit-host-cert.pub";
const SERVER: &str = "/etc/ssh/sshd_config.d/labkit.conf";
const CLIENT: &str = "/etc/ssh/ssh_config.d/labkit.conf";
const KNOWN: &str = "/etc/ssh/ssh_known_hosts";
/// In each user's `.ssh`.
const IDENTITY: &str = "id_labkit";

fn at(path: &str) -> Result<FilePath> {
    path.parse().map_err(Error::usage)
}

/// What a node is called by ssh.
fn names(node: &Node) -> [String; 2] {
    [node.name.to_string(), node.address.to_string()]
}

impl Ssh {
    /// What follows for this machine from the lab's description and secret.
    pub fn trust(&self, nodes: &Nodes, secret: &Secret) -> Result<Trust> {
        let own = names(nodes.own()?);
        let hosts = SshKey::from_seed(&secret.derive(Purpose::SshHosts, b""));
        let user = SshKey::from_seed(&secret.derive(Purpose::SshUser, b""));
        let host_key = fs::read_to_string(HOST_KEY)
            .context(|| format!("read `{HOST_KEY}`"))
            .map_err(|error| error.hint("`ssh-keygen -A` makes the host keys that are missing"))?;
        let certificate = hosts
            .certify_host(&host_key, &own.each_ref().map(String::as_str))
            .context(|| format!("certify `{HOST_KEY}`"))?;
        let all: Vec<String> = nodes.nodes.iter().flat_map(names).collect();
        let client = format!("Host {}\n    IdentityFile ~/.ssh/{IDENTITY}\n", all.join(" "));
        let mut trust = Trust {
            directories: Vec::new(),
            files: vec![
                WriteFile::with(at(CERTIFICATE)?, certificate),
                WriteFile::with(at(SERVER)?, format!("HostCertificate {CERTIFICATE}\n")),
                WriteFile::with(at(CLIENT)?, client),
            ],
            blocks: vec![block(KNOWN, format!("@cert-authority {} {}\n", all.join(","), hosts.public("labkit")))?],
            server: Service {
                unit: "ssh.service".to_owned().try_into().map_err(Error::usage)?,
                enabled: None,
                active: Some(true),
                masked: false,
                reads: OneOrMany(vec![at(CERTIFICATE)?, at(SERVER)?]),
            },
        };
        for name in &self.users.0 {
            let account = User::from_name(name).context(|| format!("look for user `{name}`"))?;
            let account = account.ok_or_else(|| Error::failed(format!("there is no user `{name}`")))?;
            let below = |file: &str| at(&account.dir.join(".ssh").join(file).display().to_string());
            let (owner, group) = (Some(account.uid.to_string()), Some(account.gid.to_string()));
            let home = Directory::at(below("")?);
            trust.directories.push(Directory {
                mode: FileMode(0o700),
                owner: owner.clone(),
                group: group.clone(),
                ..home
            });
            let private = WriteFile::with(below(IDENTITY)?, user.private("labkit"));
            trust.files.push(WriteFile { mode: FileMode(0o600), owner, group, ..private }.derived("ssh-user"));
            let line = format!("from=\"{}\" {}\n", nodes.network.network(), user.public("labkit"));
            trust.blocks.push(block(&below("authorized_keys")?.to_string(), line)?);
        }
        Ok(trust)
    }
}

fn block(path: &str, content: String) -> Result<Block> {
    Ok(Block { path: at(path)?, name: "nodes".to_owned(), content, comment: "#".to_owned() })
}
