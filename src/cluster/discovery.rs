//! What the master tells whoever asks: that it is there, and for which tokens it speaks.

use std::{
    net::SocketAddr,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{identity::Identity, server, state};
use crate::{
    error::{Error, Result},
    http::{Client, Failure},
    lab::Lab,
    nodes::Nodes,
    signal,
};

const LOOK: Duration = Duration::from_millis(200);
const REQUEST: Duration = Duration::from_secs(5);
/// For a master whose machine has only just begun to boot.
const MASTER: Duration = Duration::from_secs(1800);
/// For the controller manager to sign a token that is good: seconds on a slow laptop.
const SIGNATURE: Duration = Duration::from_secs(120);
/// For chrony to have asked the master a few times, and to step.
const CLOCK: Duration = Duration::from_secs(90);
/// For a master that is on its way back: shorter than kubeadm's own patience, which knows no reason.
const SILENCE: Duration = Duration::from_secs(60);
const LONGEST: u64 = 1 << 20;

/// Waits until kubeadm can join at once. It would wait as well, but not hear Ctrl-C, look only every five seconds, and not
/// know that another secret is why there is no token.
pub fn wait(master: SocketAddr, identity: &Identity, lab: &Lab) -> Result<()> {
    let client = Client::of_authority(&state::certificate(identity)?, REQUEST)?;
    let begin = Instant::now();
    let mut seen = None;
    lab.progress.doing(&format!("waits for the master, {master}"));
    loop {
        signal::check()?;
        match info(&client, master) {
            Ok(Some(info)) => {
                if info["data"][format!("jws-kubeconfig-{}", identity.token_id())].is_string() {
                    return Ok(());
                }
                if *seen.get_or_insert_with(Instant::now) + SIGNATURE < Instant::now() {
                    return Err(Error::failed(format!("the master at {master} knows the lab's token no more"))
                        .hint("it is good for two hours: `labkit run ex2` on the master makes it good again"));
                }
            }
            // Its certificate is not what this lab's authority vouches for.
            Err(failure) if failure.is_final => {
                return Err(Error::failed(format!(
                    "the master at {master} has another lab secret than this machine: {}",
                    failure.error
                ))
                .hint("every node of a lab has the same /etc/labkit/secret"));
            }
            Err(failure) if begin + MASTER < Instant::now() => {
                return Err(failure
                    .error
                    .context(format!("reach the master at {master}"))
                    .hint("does `labkit run ex2` run on the master? is it on the same network?"));
            }
            Ok(None) | Err(_) => {}
        }
        thread::sleep(LOOK);
    }
}

/// Waits until this machine's clock, which follows the master's, has come near it: what the master signs is of its time.
pub fn wait_for_clock(nodes: &Nodes, identity: &Identity, lab: &Lab) -> Result<()> {
    let deadline = Instant::now() + CLOCK;
    while let Some(skew) = server::ask(nodes, identity)?.ahead_ms().and_then(server::skew) {
        signal::check()?;
        lab.progress.doing(&format!("waits for chrony: this machine's clock is {skew}"));
        if Instant::now() > deadline {
            return Err(Error::failed(format!("this machine's clock is {skew}, and chrony does not set it"))
                .hint("`chronyc tracking` and `chronyc sources` show why; does chrony run on the master?"));
        }
        thread::sleep(REQUEST);
    }
    Ok(())
}

/// Does what needs the master, and tells it by the flag once the master has said nothing for a minute.
pub fn attended<T>(master: SocketAddr, identity: &Identity, act: impl FnOnce(&AtomicBool) -> Result<T>) -> Result<T> {
    let client = Client::of_authority(&state::certificate(identity)?, REQUEST)?;
    let is_gone = AtomicBool::new(false);
    thread::scope(|scope| {
        let (over, is_over) = mpsc::channel::<()>();
        let is_gone = &is_gone;
        scope.spawn(move || {
            let mut heard = Instant::now();
            while is_over.recv_timeout(REQUEST) == Err(mpsc::RecvTimeoutError::Timeout) {
                if info(&client, master).is_ok() {
                    heard = Instant::now();
                }
                is_gone.store(heard.elapsed() > SILENCE, Ordering::Release);
            }
        });
        let done = act(is_gone);
        drop(over);
        done
    })
}

/// `kubectl -n kube-public get configmap cluster-info`, which anybody may; none where the cluster has not come so far.
fn info(client: &Client, master: SocketAddr) -> Result<Option<Value>, Failure> {
    let url = format!("https://{master}/api/v1/namespaces/kube-public/configmaps/cluster-info");
    let response = client.get(&url, &[])?;
    match response.status {
        200 => Ok(serde_json::from_slice(&response.bytes(LONGEST)?).ok()),
        _ => Ok(None),
    }
}
