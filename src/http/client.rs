//! The door to ureq: requests over TCP and TLS, by a proxy where the environment names one.

use std::{
    io::Read,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use ureq::{
    Agent, Proxy,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::retry::Failure;
use crate::{
    error::{Error, Result},
    signal,
};

/// Asks servers. Redirects are followed, and take no credentials along.
pub struct Client {
    /// By the proxy of the environment (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`).
    world: Agent,
    /// What is on this machine is asked directly.
    own: Agent,
    /// Gone when it is.
    is_used: Arc<()>,
}

/// What a server answered, whatever its status.
pub struct Response {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    body: ureq::Body,
}

const CONNECT: Duration = Duration::from_secs(20);
/// Between two looks at whether the user asked to stop.
const LOOK: Duration = Duration::from_millis(50);
const USER_AGENT: &str = concat!("labkit/", env!("CARGO_PKG_VERSION"));

impl Client {
    /// A connection on which nothing comes for as long as `patience` is given up.
    pub fn new(patience: Duration) -> Client {
        Client::with(patience, trusted(), Proxy::try_from_env())
    }

    /// One that believes whom this authority vouches for, by its certificate as PEM, and nobody else; without a proxy.
    pub fn of_authority(certificate: &str, patience: Duration) -> Result<Client> {
        let certificate = Certificate::from_pem(certificate.as_bytes()).map_err(Error::failed)?;
        Ok(Client::with(patience, &RootCerts::from(vec![certificate]), None))
    }

    fn with(patience: Duration, roots: &RootCerts, proxy: Option<Proxy>) -> Client {
        // A second provider in one process is refused, and the first is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = |proxy: Option<Proxy>| -> Agent {
            let tls = TlsConfig::builder().root_certs(roots.clone());
            Agent::config_builder()
                .http_status_as_error(false)
                .user_agent(USER_AGENT)
                .proxy(proxy)
                .tls_config(tls.build())
                .timeout_connect(Some(CONNECT.min(patience)))
                .timeout_recv_response(Some(patience))
                .timeout_per_read(Some(patience))
                .max_idle_connections_per_host(8)
                .build()
                .into()
        };
        let client = Client { world: agent(proxy), own: agent(None), is_used: Arc::default() };
        client.watch();
        client
    }

    /// What went wrong, and that it may be the proxy's doing, or for want of one.
    fn failure(&self, url: &str, error: &ureq::Error) -> Failure {
        let failure = failure(url, error);
        match self.world.config().proxy().filter(|_| !failure.is_final && !is_own(url)) {
            Some(proxy) => failure.hint(format!(
                "the environment names a proxy, {}:{} (http_proxy, https_proxy, all_proxy): is it right? no_proxy names \
                 servers that are asked without it",
                proxy.host(),
                proxy.port()
            )),
            None if is_unresolved(error) => failure.hint("is this machine connected? or set https_proxy"),
            None => failure,
        }
    }

    /// Once the user asks to stop, every connection is closed: whoever waits for a server, which may be long, gets an
    /// error.
    fn watch(&self) {
        let (agents, is_used) = ([self.world.clone(), self.own.clone()], Arc::downgrade(&self.is_used));
        thread::spawn(move || {
            while is_used.strong_count() > 0 {
                if signal::asked_to_stop() {
                    return agents.into_iter().for_each(Agent::shutdown);
                }
                thread::sleep(LOOK);
            }
        });
    }

    /// `GET`; an error only where no answer came.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, Failure> {
        let agent = if is_own(url) { &self.own } else { &self.world };
        let request = headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, *value));
        let answer = request.call().map_err(|error| self.failure(url, &error));
        let (parts, body) = answer?.into_parts();
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// The certificates that this machine trusts: `$SSL_CERT_FILE` and `$SSL_CERT_DIR`, or its own.
fn trusted() -> &'static RootCerts {
    static TRUSTED: OnceLock<RootCerts> = OnceLock::new();
    TRUSTED.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            log::debug!("certificates: {error}");
        }
        let all: Vec<Certificate<'static>> =
            found.certs.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
        RootCerts::from(all)
    })
}

/// True where the server is on this machine.
fn is_own(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    host.starts_with("127.") || host.starts_with("[::1]") || host.split([':', '/']).next() == Some("localhost")
}

/// True where the server is not who it should be. It is told while bytes go over the wire, as an error of these.
fn is_of_certificates(error: &ureq::Error) -> bool {
    let cause = match error {
        ureq::Error::Io(error) => error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()),
        ureq::Error::Rustls(cause) => Some(cause),
        ureq::Error::Tls(_) => return true,
        _ => None,
    };
    matches!(cause, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}

/// A resolver that cannot be asked is told by its words alone.
fn is_unresolved(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(error) => error.to_string().starts_with("failed to lookup address"),
        _ => false,
    }
}

fn failure(url: &str, error: &ureq::Error) -> Failure {
    use ureq::Error::{
        BadUri, ConnectionFailed, HostNotFound, Http, InvalidProxyUrl, Io, Protocol, RedirectFailed, Timeout,
        TooManyRedirects,
    };
    let text = error.to_string();
    let (is_final, error) = match error {
        _ if is_of_certificates(error) => (
            true,
            Error::failed(text).hint(
                "is a certificate of your network missing? SSL_CERT_FILE names the file with those to trust; Debian's \
                 are in the package ca-certificates",
            ),
        ),
        BadUri(_) | Http(_) | RedirectFailed | TooManyRedirects => (true, Error::usage(text)),
        InvalidProxyUrl => (true, Error::usage(text).hint("look at http_proxy and https_proxy in the environment")),
        HostNotFound => (false, Error::failed("no such host")),
        Timeout(_) | ConnectionFailed | Io(_) | Protocol(_) => (false, Error::failed(text)),
        _ => (false, Error::failed(text)),
    };
    Failure { is_final, after: None, error: error.context(format!("ask `{url}`")) }
}

impl Response {
    /// A header by its name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every header of this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// What it carries, as it comes and however long it is.
    pub fn reader(self) -> impl Read {
        self.body.into_with_config().limit(u64::MAX).reader()
    }

    /// All that it carries; an error where that is more than `most` bytes.
    pub fn bytes(self, most: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.body
            .into_with_config()
            .limit(u64::MAX)
            .reader()
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::passing(Error::from(error)))?;
        match bytes.len() as u64 > most {
            true => Err(Failure::lasting(Error::failed(format!("the answer is longer than {most} bytes")))),
            false => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_is_asked_without_a_proxy() {
        for own in ["http://127.0.0.1:5000/v2/", "http://localhost/x", "http://[::1]:80/", "http://localhost:1"] {
            assert!(is_own(own), "{own}");
        }
        for other in ["http://localhost.example.org/", "http://10.0.0.1/127.0.0.1", "https://x.example/"] {
            assert!(!is_own(other), "{other}");
        }
    }
}
