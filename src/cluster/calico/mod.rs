//! Calico as the pods' network: upstream's manifest, patched for a lab and applied.

mod patches;
mod traces;

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use patches::{for_older, patched};
pub use traces::{remove, remove_sets};

use super::{kubeadm::Version, kubectl::Kubectl, manifest, predict::predict, state};
use crate::{
    error::{Context, Error, Result},
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
    names::Cidr,
    nodes::Role,
    quote, signal,
};

/// What packets between pods of different nodes are wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encapsulation {
    /// In nothing, on one network: nodes tell each other their routes by BGP.
    None,
    /// In nothing where both nodes are in one network, and in VXLAN where they are not; no BGP.
    CrossSubnet,
    /// In IP, as upstream has it.
    Ipip,
    Vxlan,
}

/// What it is made with: the manifest as text, or where it lies.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalicoArgs {
    pub encapsulation: Encapsulation,
    /// Upstream's calico.yaml.
    #[serde(default)]
    pub manifest: Option<String>,
    /// A file that has it.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Apply it although some of its pods do not fit the nodes that are there.
    #[serde(default)]
    pub anyway: bool,
    /// Seconds to wait for the API server; 900 unless given.
    #[serde(default = "usual")]
    pub patience: u64,
}

fn usual() -> u64 {
    900
}

/// `kubectl apply --server-side` of a manifest that is patched.
pub struct Calico {
    pub args: CalicoArgs,
    pub pods: Cidr,
}

const LOOK: Duration = Duration::from_millis(200);
/// For the API server to serve what a CustomResourceDefinition defines.
const ESTABLISHED: Duration = Duration::from_secs(60);
const DEFINITION: &str = "CustomResourceDefinition";

impl Encapsulation {
    fn backend(self) -> &'static str {
        match self {
            Encapsulation::None | Encapsulation::Ipip => "bird",
            Encapsulation::CrossSubnet | Encapsulation::Vxlan => "vxlan",
        }
    }

    /// When the pool of the pods' addresses is wrapped in IP, and when in VXLAN.
    fn pool(self) -> [&'static str; 2] {
        match self {
            Encapsulation::None => ["Never", "Never"],
            Encapsulation::CrossSubnet => ["Never", "CrossSubnet"],
            Encapsulation::Ipip => ["Always", "Never"],
            Encapsulation::Vxlan => ["Never", "Always"],
        }
    }
}

impl Calico {
    fn text(&self) -> Result<String> {
        match (&self.args.manifest, &self.args.path) {
            (Some(text), None) => Ok(text.clone()),
            (None, Some(path)) => {
                fs::read_to_string(path).context(|| format!("read the manifest of Calico, `{}`", path.display()))
            }
            (None, None) => Err(Error::usage("there is no manifest of Calico").hint(
                "`--set manifest=FILE` names one; `labkit bundle lock --file manifest:calico.yaml=URL` takes it and its \
                 images into the bundle",
            )),
            _ => Err(Error::usage("either `manifest` or `path` is needed, and not both")),
        }
    }

    /// As they are to be applied.
    fn objects(&self, text: &str) -> Result<Vec<Value>> {
        let parse = || -> Result<Vec<Value>> {
            let mut objects = patched(manifest::objects(text)?, &self.pods, self.args.encapsulation)?;
            if Version::installed()?.is_before_policy() {
                for_older(&mut objects);
            }
            Ok(objects)
        };
        parse().context(|| "patch the manifest of Calico")
    }
}

/// Until the API server serves all that was defined.
fn wait(kubectl: Kubectl, definitions: &[Value]) -> Result<()> {
    let deadline = Instant::now() + ESTABLISHED;
    loop {
        signal::check()?;
        let known = kubectl.list(&["customresourcedefinitions"])?;
        let is_served = |name: &Value| known.iter().any(|one| one["metadata"]["name"] == *name && is_established(one));
        let names = definitions.iter().map(|definition| &definition["metadata"]["name"]);
        match names.into_iter().find(|name| !is_served(name)) {
            None => return Ok(()),
            Some(name) if Instant::now() > deadline => {
                return Err(Error::failed(format!("{DEFINITION} {name} is not established"))
                    .hint("kubectl describe customresourcedefinitions"));
            }
            Some(_) => thread::sleep(LOOK),
        }
    }
}

fn is_established(definition: &Value) -> bool {
    let mut conditions = definition["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "Established" && one["status"] == "True")
}

impl Operation for Calico {
    /// Whether the cluster has all of it.
    type Seen = bool;

    fn title(&self) -> String {
        "pod network calico".to_owned()
    }

    fn look(&self, _: &Lab) -> Result<bool> {
        let text = self.text()?;
        match state::path("admin.conf").exists() {
            true => Ok(!Kubectl::of(Role::Master).differs(&self.objects(&text)?)?),
            false => Ok(false),
        }
    }

    fn difference(&self, is_so: &bool) -> Option<Difference> {
        (!is_so).then(|| Difference::of("apply it"))
    }

    fn before(&self, _: &bool, _: &mut Lab) -> Result<Before> {
        // It goes with the cluster.
        Ok(Before::Same { things: vec![Thing::Cluster] })
    }

    fn apply(&self, _: &bool, lab: &Lab) -> Result<()> {
        let kubectl = Kubectl::of(Role::Master);
        let objects = self.objects(&self.text()?)?;
        predict(&objects, self.args.anyway, lab)?;
        let (definitions, others): (Vec<Value>, Vec<Value>) =
            objects.into_iter().partition(|object| object["kind"] == DEFINITION);
        kubectl.apply(&definitions)?;
        wait(kubectl, &definitions)?;
        kubectl.apply(&others)
    }

    fn explain(&self) -> Vec<String> {
        let file = self.args.path.as_ref().map_or("calico.yaml".to_owned(), |path| path.display().to_string());
        let [ipip, vxlan] = self.args.encapsulation.pool();
        let words = format!(
            "in {file}, with an editor: calico_backend {}, CALICO_IPV4POOL_CIDR {}, CALICO_IPV4POOL_IPIP {ipip}, \
             CALICO_IPV4POOL_VXLAN {vxlan}, IP_AUTODETECTION_METHOD kubernetes-internal-ip",
            self.args.encapsulation.backend(),
            self.pods
        );
        let extract = self.args.manifest.as_ref().map(|_| "labkit bundle extract calico.yaml".to_owned());
        let apply = quote::line(&["kubectl", "apply", "--server-side", "--filename", &file]);
        let rights = "export KUBECONFIG=/etc/kubernetes/admin.conf".to_owned();
        extract.into_iter().chain([format!(": {} && false", quote::word(&words)), rights, apply]).collect()
    }
}
