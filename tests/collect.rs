//! Runs brought from other nodes, over a real sshd.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, path::Path};

use labkit::results::{Writer, store};
use support::{
    Bench, Said, installed, root,
    runs::{self, ID, append, edit},
    sshd::Sshd,
};

/// A recipe may be called anything: a shell on the way must not see what it means.
const OTHER: &str = "20261122-150000-my lab's $(touch x); (1)-efgh";

/// A node with two runs, reached over ssh, and the machine that collects.
struct Nodes {
    sshd: Sshd,
    there: Bench,
    here: Bench,
}

impl Nodes {
    /// None, loudly, where there is no sshd or no right to start it.
    fn start() -> Option<Nodes> {
        let can = root() && installed("sshd") && installed("ssh") && installed("ssh-keygen") && installed("unshare");
        can.then(|| {
            let nodes = Nodes { sshd: Sshd::start(), there: Bench::new(), here: Bench::new() };
            runs::write(&nodes.there, ID);
            runs::write(&nodes.there, OTHER);
            nodes
        })
    }

    fn collect(&self) -> Said {
        self.collect_by(&self.sshd.labkit_of(&self.there))
    }

    fn collect_by(&self, labkit: &str) -> Said {
        self.here.labkit(&self.sshd.arguments("user", "known", labkit))
    }

    fn dir_here(&self, id: &str) -> std::path::PathBuf {
        store::runs(self.here.state.path()).join(id)
    }

    fn dir_there(&self, id: &str) -> std::path::PathBuf {
        store::runs(self.there.state.path()).join(id)
    }
}

/// Names in a directory, in order.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn runs_come_once_and_whole() {
    let Some(nodes) = Nodes::start() else { return };
    let said = nodes.collect();
    assert_eq!(said.code, Some(0), "{}{}{}", said.out, said.err, nodes.sshd.log());
    assert!(said.out.starts_with("root@127.0.0.1: 2 fetched\n"), "{}", said.out);
    for id in [ID, OTHER] {
        for name in ["run.json", "samples.jsonl", "raw/ping-veth.txt"] {
            let (here, there) = (nodes.dir_here(id).join(name), nodes.dir_there(id).join(name));
            assert_eq!(fs::read(here).unwrap(), fs::read(there).unwrap(), "{name}");
        }
    }
    let origin: serde_json::Value =
        serde_json::from_slice(&fs::read(nodes.dir_here(ID).join("collected.json")).unwrap()).unwrap();
    assert_eq!(origin["from"], "root@127.0.0.1");
    assert_eq!(names(nodes.here.state.path()), ["collect.lock", "runs"]);
    nodes.here.labkit(&["verify", ID]).ok();
    // The copy is packed to the same bytes as the original.
    let packed = |bench: &Bench| bench.command(&["archive", ID, "-o", "-"]).output().unwrap().stdout;
    assert!(packed(&nodes.here) == packed(&nodes.there));
    let before = fs::metadata(nodes.dir_here(ID)).unwrap().modified().unwrap();
    // Pages made again on either side are no other content.
    nodes.here.labkit(&["report", ID]).ok();
    let said = nodes.collect();
    assert_eq!((said.code, said.out.as_str()), (Some(0), "root@127.0.0.1: 2 here already\n"), "{}", said.err);
    assert!(fs::metadata(nodes.dir_here(ID).join("collected.json")).unwrap().modified().unwrap() <= before);
}

#[test]
fn a_run_in_progress_is_left_there() {
    let Some(nodes) = Nodes::start() else { return };
    let run =
        labkit::results::Run { outcome: labkit::results::Outcome::Running, ..runs::run("20261122-160000-x-aaaa") };
    let _writer = Writer::create(nodes.there.state.path(), &run).unwrap();
    let said = nodes.collect();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("2 fetched, 1 in progress\n"), "{}", said.out);
    assert_eq!(names(&store::runs(nodes.here.state.path())), [ID, OTHER]);
}

#[test]
fn another_run_of_the_same_id_is_refused_and_the_one_that_is_here_stays() {
    let Some(nodes) = Nodes::start() else { return };
    runs::write(&nodes.here, ID);
    append(nodes.dir_here(ID).join("samples.jsonl"), "{}");
    let before = fs::read(nodes.dir_here(ID).join("samples.jsonl")).unwrap();
    let said = nodes.collect();
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("1 fetched, 1 failed"), "{}", said.out);
    let why = format!("root@127.0.0.1: {ID}: a run of this id is here with other content: `samples.jsonl` has ");
    assert!(said.err.contains(&why), "{}", said.err);
    assert_eq!(fs::read(nodes.dir_here(ID).join("samples.jsonl")).unwrap(), before);
}

#[test]
fn a_changed_archive_is_refused_and_the_others_come() {
    let Some(nodes) = Nodes::start() else { return };
    // A node whose labkit hands over something else: one byte of a text, then a run of another name.
    let labkit = nodes.sshd.labkit_of(&nodes.there);
    let changed = format!(
        "#!/bin/sh\n[ \"$1 $2\" = 'archive {ID}' ] || exec '{labkit}' \"$@\"\n\
         dir=$(mktemp -d); '{labkit}' archive {ID} -o $dir/x.tar.gz >&2; tar -xzf $dir/x.tar.gz -C $dir\n\
         sed -i s/0/1/ $dir/{ID}/raw/ping-veth.txt; tar -czf - -C $dir {ID}; rm -r $dir\n"
    );
    let said = nodes.collect_by(&nodes.sshd.program("changed", &changed));
    assert_eq!(said.code, Some(1));
    let why = format!("{ID}: it is not what its MANIFEST says: `raw/ping-veth.txt` is not what was packed");
    assert!(said.out.contains("1 fetched, 1 failed") && said.err.contains(&why), "{}{}", said.out, said.err);
    assert_eq!(names(&store::runs(nodes.here.state.path())), [OTHER]);
    let swapped = format!(
        "#!/bin/sh\n[ \"$1 $3\" = 'archive -o' ] && set -- archive {} -o -; exec '{labkit}' \"$@\"\n",
        labkit::quote::word(OTHER)
    );
    let said = nodes.collect_by(&nodes.sshd.program("swapped", &swapped));
    assert!(said.err.contains(&format!("{ID}: run `{OTHER}` came in its place")), "{}", said.err);
    let cut =
        format!("#!/bin/sh\n[ \"$1 $3\" = 'archive -o' ] || exec '{labkit}' \"$@\"\n'{labkit}' \"$@\" | head -c 999\n");
    let said = nodes.collect_by(&nodes.sshd.program("cut", &cut));
    assert!(said.err.contains("the archive is damaged: "), "{}", said.err);
    assert_eq!(names(nodes.here.state.path()), ["collect.lock", "runs"]);
    assert_eq!(names(&store::runs(nodes.here.state.path())), [OTHER]);
}

#[test]
fn a_node_that_lies_about_its_runs_gets_nothing_written_or_run() {
    let Some(nodes) = Nodes::start() else { return };
    let listing = "#!/bin/sh\necho '[{\"id\": \"../../x\", \"outcome\": \"done\"}, {\"id\": \"$(touch x)\", \"outcome\": \"done\"}]'\n";
    let said = nodes.collect_by(&nodes.sshd.program("liar", listing));
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("`../../x` is no id of a run") && said.out.contains("2 failed"),
        "{}{}",
        said.out,
        said.err
    );
    let said = nodes.collect_by(&nodes.sshd.program("babbler", "#!/bin/sh\necho hello\n"));
    assert!(said.err.contains("read the list of runs: expected value"), "{}", said.err);
    let endless = nodes.sshd.program("endless", "#!/bin/sh\nexec yes '[1]'\n");
    let said = nodes.collect_by(&endless);
    assert!(said.err.contains("the answer is larger than 64 MB"), "{}", said.err);
}

#[test]
fn what_keeps_it_from_getting_through_is_named() {
    let Some(nodes) = Nodes::start() else { return };
    let labkit = nodes.sshd.labkit_of(&nodes.there);
    let refused = |key: &str, known: &str, labkit: &str, why: &str, hint: &str| {
        let said = nodes.here.labkit(&nodes.sshd.arguments(key, known, labkit));
        assert_eq!((said.code, said.out.as_str()), (Some(1), "root@127.0.0.1: failed\n"), "{}", said.err);
        assert!(said.err.contains(why) && said.err.contains(hint), "{why}: {}", said.err);
    };
    refused("stranger", "known", &labkit, "Permission denied (publickey)", "hint: give the right key: --identity FILE");
    refused("user", "no such file", &labkit, "its host key is not known", "--ssh-option UserKnownHostsFile=FILE");
    edit(nodes.sshd.path("known"), |line| {
        let stranger = fs::read_to_string(nodes.sshd.path("stranger.pub")).unwrap();
        format!("{} {stranger}", line.split(' ').next().unwrap())
    });
    refused("user", "known", &labkit, "its host key is another than the one that is known", "hint: if the machine was");
    edit(nodes.sshd.path("known"), |line| {
        let host = fs::read_to_string(nodes.sshd.path("host.pub")).unwrap();
        format!("{} {host}", line.split(' ').next().unwrap())
    });
    refused("user", "known", "no-such-labkit", "there is no `no-such-labkit`", "--remote-labkit PATH");
    let older = "#!/bin/sh\n[ $1 = results ] && exec echo '[{\"id\": \"a\", \"outcome\": \"done\"}]'\n\
                 echo 'error: there is no command `archive`' >&2; exit 2\n";
    let said = nodes.collect_by(&nodes.sshd.program("older", older));
    assert!(said.err.contains("labkit there is older: it does not know `labkit archive`"), "{}", said.err);
    // The other hosts are still asked.
    let mut arguments = nodes.sshd.arguments("user", "known", &labkit);
    arguments.insert(1, "nobody@127.0.0.1".to_owned());
    let said = nodes.here.labkit(&arguments);
    assert!(said.out.starts_with("nobody@127.0.0.1: failed\nroot@127.0.0.1: 2 fetched\n"), "{}{}", said.out, said.err);
    assert_eq!(said.code, Some(1));
}

#[test]
fn what_is_no_host_is_refused_before_anything_is_asked() {
    let bench = Bench::new();
    let said = bench.labkit(&["collect", "--", "-oProxyCommand=touch x"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{}", said.err);
    assert_eq!(bench.labkit(&["collect"]).code, Some(2));
    let said = bench.labkit(&["collect", "a", "--remote-labkit=-x"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
}

#[test]
fn without_ssh_it_says_so() {
    let bench = Bench::new();
    let said: Said = bench.command(&["collect", "node01"]).env("PATH", "/nowhere").output().unwrap().into();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("No such file or directory") && said.err.contains("hint: `ssh` is not installed\n"),
        "{}",
        said.err
    );
}
