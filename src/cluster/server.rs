//! The API server as anybody may ask it: whether it is there, which version it has, and what time it is there.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;

use super::{identity::Identity, papers::PORT, state};
use crate::{
    clock,
    error::{Error, Result},
    http::Client,
    nodes::Nodes,
};

/// What it answered.
pub struct Answer {
    /// `v1.32.8`
    pub version: String,
    /// Milliseconds since 1970 by the master's clock; nothing where it does not say.
    pub clock_ms: Option<i64>,
}

/// Certificates and tokens of another time are none.
const SKEW_MS: i64 = 60_000;
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: u64 = 1 << 16;

impl Answer {
    /// Milliseconds that this machine's clock is ahead of the master's, where either says.
    pub fn ahead_ms(&self) -> Option<i64> {
        Some(clock::epoch_ms(&clock::now())? - self.clock_ms?)
    }
}

/// `90 s ahead of the master's`; nothing where the clocks are near enough.
pub fn skew(ahead_ms: i64) -> Option<String> {
    let way = if ahead_ms > 0 { "ahead of" } else { "behind" };
    (ahead_ms.abs() > SKEW_MS).then(|| format!("{} s {way} the master's", (ahead_ms.abs() + 500) / 1000))
}

/// Asks it for its version. Only one that this lab's authority vouches for is believed.
pub fn ask(nodes: &Nodes, identity: &Identity) -> Result<Answer> {
    let master = SocketAddr::new(nodes.master()?.address, PORT);
    let client = Client::of_authority(&state::certificate(identity)?, PATIENCE)?;
    let response = client.get(&format!("https://{master}/version"), &[]).map_err(|failure| {
        let (words, hint) = why(&failure.error.to_string(), failure.is_final);
        Error::failed(words).hint(hint).context(format!("{master} does not answer"))
    })?;
    let clock_ms = response.header("date").and_then(clock::http_epoch_ms);
    let status = response.status;
    let body = response.bytes(LONGEST).map_err(|failure| failure.error)?;
    let version =
        serde_json::from_slice::<Value>(&body).ok().and_then(|body| Some(body["gitVersion"].as_str()?.to_owned()));
    let version = version
        .ok_or_else(|| Error::failed(format!("{master} does not say its version: it answers with status {status}")))?;
    Ok(Answer { version, clock_ms })
}

/// Why there is no answer, and what to do about it, by the words of the connection's error.
fn why(error: &str, is_of_certificates: bool) -> (String, &'static str) {
    let says = |sign: &str| error.contains(sign);
    match () {
        () if says("Expired") || says("expired") || says("NotValidYet") || says("not valid yet") => (
            "its certificate is of another time than this machine's clock shows".to_owned(),
            "compare `date` on both; on the master, `kubeadm certs check-expiration`",
        ),
        () if is_of_certificates => (
            "it has another lab secret than this machine".to_owned(),
            "every node of a lab has the same /etc/labkit/secret",
        ),
        () if says("refused") => (
            "the machine is there, and nothing listens on the port".to_owned(),
            "on the master: `labkit doctor` says what lacks, `crictl ps -a` which container ended",
        ),
        () if says("unreachable") || says("No route") => {
            ("there is no way to that machine".to_owned(), "is the master up, and on the same network? ping it")
        }
        () if says("timeout") => {
            ("no answer within 5 s".to_owned(), "is the master up? is a firewall between? ping it")
        }
        () => (error.to_owned(), "`labkit doctor` on the master says what lacks"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_silence_has_its_words() {
        let words = |error: &str, is_final| why(error, is_final).0;
        let asked = "ask `https://192.168.56.10:6443/version`: io: ";
        assert!(words(&format!("{asked}Connection refused (os error 111)"), false).contains("nothing listens"));
        assert!(words(&format!("{asked}No route to host (os error 113)"), false).contains("no way"));
        assert!(words(&format!("{asked}invalid peer certificate: UnknownIssuer"), true).contains("another lab secret"));
        assert_eq!(words("timeout: connect", false), "no answer within 5 s");
        assert_eq!(words("something new", false), "something new");
    }
}
