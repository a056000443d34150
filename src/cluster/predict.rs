//! What the nodes will say to it, before anything is asked of them.

use serde_json::Value;

use super::{fit::Fit, kubectl::Kubectl};
use crate::{
    error::{Error, Result},
    lab::Lab,
    nodes::Role,
};

/// Tells what is asked of each node with these objects on top. Only the master may see all pods.
///
/// An error with numbers where one of them would not run, unless `anyway`.
pub fn predict(objects: &[Value], anyway: bool, lab: &Lab) -> Result<Fit> {
    let kubectl = Kubectl::of(Role::Master);
    let fit = Fit::of(&kubectl.list(&["nodes"])?, &kubectl.list(&["pods", "--all-namespaces"])?, objects);
    lab.progress.line(&format!("asked for {}", fit.words()));
    let overcommit = fit.overcommit();
    if fit.shares.len() > 1 && overcommit > 0.0 {
        lab.progress.line(&format!(
            "! {overcommit} CPUs more are asked for than are left without the largest node, which Prometheus calls \
             KubeCPUOvercommit: ask for less, or give the nodes more"
        ));
    }
    match fit.misfits.is_empty() || anyway {
        true => Ok(fit),
        false => Err(Error::failed(format!("it does not fit the nodes:\n    {}", fit.misfits.join("\n    ")))
            .hint("ask for less, give the node more, or take away what else runs there; nothing was applied")),
    }
}
