//! Certificates of this node: whether they are good today.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::state;
use crate::{
    authority::validity,
    clock,
    finding::{Finding, State},
    nodes::Role,
};

/// By which a kubelet is known to the API server; it asks for the next one itself.
const KUBELET: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";
/// Before its end, a lab wants to know.
const SOON: u64 = 30 * 86_400;

pub fn examine(role: Role) -> Finding {
    let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = below(state::path("pki")).chain(below(state::path("pki/etcd"))).chain([PathBuf::from(KUBELET)]);
    let read = |path: &Path| validity(&fs::read_to_string(path).ok()?);
    let found = all.filter_map(|path| read(&path).map(|validity| (path.display().to_string(), validity)));
    let now = clock::epoch_ms(&clock::now()).unwrap_or_default() / 1000;
    judge(found.collect(), u64::try_from(now).unwrap_or_default(), role)
}

/// Names of files, and since when and until when they are good, in seconds since 1970 as `now` is.
fn judge(mut all: Vec<(String, [u64; 2])>, now: u64, role: Role) -> Finding {
    let date = |seconds: u64| {
        i64::try_from(seconds).ok().and_then(clock::from_epoch).map(|time| clock::for_people(&time)).unwrap_or_default()
    };
    all.sort_by_key(|(_, [_, until])| *until);
    let renew = match role {
        Role::Master => "`kubeadm certs renew all`, then `systemctl restart kubelet`",
        Role::Worker => super::AGAIN,
    };
    let what = "certificates";
    if let Some((name, [since, _])) = all.iter().find(|(_, [since, _])| *since > now) {
        return Finding::bad(what, format!("`{name}` is good from {} only", date(*since)))
            .remedy("is the clock of this machine behind? compare `date` with the master's");
    }
    match all.first() {
        None => Finding::bad(what, format!("there are none in `{}`", state::path("pki").display())).remedy(super::JOIN),
        Some((name, [_, until])) if *until < now => {
            Finding::bad(what, format!("`{name}` was good until {}", date(*until))).remedy(renew)
        }
        Some((name, [_, until])) if *until < now + SOON => {
            Finding::new(what, State::Note, format!("`{name}` is good until {} only", date(*until))).remedy(renew)
        }
        Some((_, [_, until])) => Finding::good(what, format!("{}, good until {}", all.len(), date(*until))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_good_today_is_named_and_the_first_to_end_counts() {
        let all = || {
            vec![
                ("ca.crt".to_owned(), [1_577_836_800, 2_524_607_999]),
                ("kubelet.pem".to_owned(), [1_795_856_838, 1_827_392_838]),
            ]
        };
        let at = |now| judge(all(), now, Role::Master);
        let good = at(1_800_000_000);
        assert!(good.state == State::Good && good.found.starts_with("2, good until 28 Nov 2027 "), "{good:?}");
        assert!(at(1_790_000_000).found.starts_with("`kubelet.pem` is good from 28 Nov 2026 "));
        let over = at(1_830_000_000);
        assert!(over.state == State::Bad && over.found.starts_with("`kubelet.pem` was good until "), "{over:?}");
        assert!(over.remedy.is_some_and(|remedy| remedy.contains("kubeadm certs renew all")));
        assert_eq!(at(1_827_000_000).state, State::Note);
        assert_eq!(judge(vec![], 0, Role::Worker).state, State::Bad);
    }
}
