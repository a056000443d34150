//! lab.toml as the Vagrantfile reads it: as labkit does, or not at all.

use std::path::Path;

use labkit::nodes::Nodes;
use serde_json::Value;

use crate::{LAB, ruby::ruby, support::installed};

/// What the Vagrantfile's reader says of each text: `{"lab": …}` or `{"why": …}`.
fn read_by_ruby(texts: &[String]) -> Vec<Value> {
    let said = ruby(&["-w", "tests/vagrant/read.rb"], &serde_json::to_string(texts).unwrap()).ok();
    serde_json::from_str(&said).unwrap()
}

/// The text with one byte taken away, or another one in its place, for every byte and many others.
fn spoiled(text: &str) -> Vec<String> {
    let others: Vec<String> = "\"'\\[]{}=.#,:/-_+ \t\r\n0129axä\u{0}\u{7f}".chars().map(String::from).collect();
    let others = [others, vec![String::new()]].concat();
    let at = |at: usize, other: &String| format!("{}{other}{}", &text[..at], &text[at + 1..]);
    (0..text.len()).flat_map(|n| others.iter().map(move |other| at(n, other)).collect::<Vec<_>>()).collect()
}

/// Labs that say the same or something else in another way.
fn rewritten() -> Vec<String> {
    let changed = |from: &str, to: &str| {
        assert!(LAB.contains(from), "{from}");
        LAB.replacen(from, to, 1)
    };
    let head = LAB.split("[[node]]").next().unwrap();
    let nodes = |nodes: &str| format!("{head}node = {nodes}\n");
    let master = "{ name = \"a\", address = \"192.168.56.9\", role = \"master\" }";
    let mut texts = vec![
        LAB.replace('\n', "\r\n"),
        format!("\u{feff}{LAB}"),
        nodes("[]"),
        nodes(&format!("[{master}]")),
        nodes(&format!("[\n  {master}, # one\n]")),
        nodes(&format!("[ {}]", master.replace(", ", ",\n"))),
        nodes(&format!("[ {}]", master.replace(" }", ", }"))),
        nodes(&format!("[ {master} {master} ]")),
        nodes(&format!("[{master}]\n[[node]]\nname = \"b\"\naddress = \"192.168.56.8\"\nrole = \"worker\"")),
        nodes(&format!("[{master}]\nversions.kubernetes = \"1.32\"\nversions.\"cri-o\" = '1.32'")),
        nodes(&format!("[{master}]\nversions.a = \"1\"\n[versions]\nb = \"2\"")),
        nodes(&format!("[{master}]\nversions = {{ a = \"1\" }}\nversions.b = \"2\"")),
        nodes("{ name = \"a\" }"),
        nodes("\"master\""),
        nodes("[\"master\"]"),
        format!("{LAB}[versions]\n"),
        format!("{LAB}[versions.more]\n"),
        format!("{LAB}[node]\n"),
        format!("{LAB}[[versions]]\n"),
        format!("{LAB}[other]\nx = 1\n"),
        format!("{LAB}a.b = \"1\"\n"),
        format!("{LAB}\"\" = \"empty\"\n"),
        format!("{LAB}crun = 1.32\n"),
        format!("{LAB}crun = 1979-05-27\n"),
        format!("{LAB}crun = true\n"),
        format!("{LAB}crun = '''\n1.'32''\n'''\n"),
        format!("{LAB}crun = \"\"\"1.\\\n   32\\u00e9\\U0001F600 \"\" \"\"\"\"\n"),
        format!("{LAB}crun = \"\\ud800\"\n"),
        format!("{LAB}crun = \"\\q\"\n"),
        format!("{LAB}crun = \"\\e\\x41\"\n"),
        format!("{LAB}# a tab\t and a bell \u{7}\n"),
        LAB.trim_end().to_owned(),
        String::new(),
        "\0".to_owned(),
    ];
    let pairs = [
        ("\"lab\"", "\"\""),
        ("\"lab\"", "\"\"\"lab\"\"\""),
        ("\"lab\"", "'l\\ab'"),
        ("name = \"lab\"", "\"name\" = \"lab\""),
        ("name = \"lab\"", "'na me' = \"lab\""),
        ("name = \"lab\"", "name.first = \"lab\""),
        ("[[node]]", "[[ node ]]  # here"),
        ("[[node]]", "[[\"node\"]]"),
        ("[[node]]", "[ [node]]"),
        ("[versions]", "[ 'versions' ]"),
        ("[versions]", "[versions]\n[versions]"),
        ("[versions]\nkubernetes = \"1.32\"\n", ""),
        ("cpus = 4", "cpus = 0x4"),
        ("cpus = 4", "cpus = 0b1_0"),
        ("cpus = 4", "cpus = +4"),
        ("cpus = 4", "cpus = 04"),
        ("cpus = 4", "cpus = 4_"),
        ("cpus = 4", "cpus = 4.0"),
        ("cpus = 4", "cpus = 0"),
        ("cpus = 4", "cpus = -4"),
        ("cpus = 4", "cpus = 4294967295"),
        ("cpus = 4", "cpus = 4294967296"),
        ("cpus = 4", "cpus = \"4\""),
        ("cpus = 4", "cpu = 4"),
        ("cpus = 4", "cpus = [4]"),
        ("\"192.168.56.0/24\"", "\"192.168.56.77/+24\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/024\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/33\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/24/1\""),
        ("\"192.168.56.0/24\"", "\"0.0.0.0/0\""),
        ("\"10.17.0.0/16\"", "\"fd00::/64\""),
        ("\"10.17.0.0/16\"", "\"fd00::1.2.3.4/129\""),
        ("\"10.17.0.0/16\"", "\"192.168.0.0/16\""),
        ("\"10.17.0.0/16\"", "\"10.96.0.0/32\""),
        ("\"192.168.56.11\"", "\"192.168.56.011\""),
        ("\"192.168.56.11\"", "\"192.168.56.256\""),
        ("\"192.168.56.11\"", "\"192.168.56.10\""),
        ("\"192.168.56.11\"", "\"192.168.57.11\""),
        ("\"192.168.56.11\"", "\"::192.168.56.11\""),
        ("\"192.168.56.11\"", "\"fe80::1%eth0\""),
        ("\"node01\"", "\"master\""),
        ("\"node01\"", "\"Node01\""),
        ("\"node01\"", "\"-node\""),
        ("\"node01\"", "\"a.b\""),
        ("\"worker\"", "\"master\""),
        ("\"master\"\ncpus", "\"worker\"\ncpus"),
        ("\"worker\"", "\"Worker\""),
    ];
    texts.extend(pairs.map(|(from, to)| changed(from, to)));
    texts.push(changed("\"node01\"", &format!("\"{}\"", "x".repeat(63))));
    texts.push(changed("\"node01\"", &format!("\"{}\"", "x".repeat(64))));
    // Another family altogether.
    texts.push(LAB.replace("192.168.56.0/24", "fd56::/64").replace("192.168.56.", "fd56::"));
    texts
}

#[test]
fn a_lab_is_read_as_labkit_reads_it() {
    if !installed("ruby") {
        return;
    }
    let mut texts = rewritten();
    texts.extend(spoiled(LAB));
    let mut good = 0;
    for (text, said) in texts.iter().zip(read_by_ruby(&texts)) {
        match Nodes::parse(text, Path::new("lab.toml")) {
            Ok(nodes) => {
                let again = said["lab"].as_str();
                let again = again.unwrap_or_else(|| panic!("labkit reads it, and Ruby says {said}:\n{text}"));
                assert_eq!(Nodes::parse(again, Path::new("again")).unwrap(), nodes, "{text}");
                good += 1;
            }
            Err(error) => assert!(said["why"].is_string(), "Ruby reads it, and labkit says {error}:\n{text}"),
        }
    }
    // Within names, versions and comments most bytes may be others.
    assert!(good > 300 && texts.len() - good > 3000, "{good} of {} are labs", texts.len());
}

#[test]
fn what_is_wrong_with_a_lab_is_said_with_file_line_value_and_remedy() {
    if !installed("ruby") {
        return;
    }
    let cases = [
        ("\"192.168.56.11\"", "\"192.168.56.10\"", "lab.toml: master and node01 have the same address 192.168.56.10"),
        ("\"node01\"", "\"master\"", "lab.toml: two nodes are called `master`"),
        ("\"node01\"", "\"Node_1\"", "lab.toml line 13: `Node_1` is no host name"),
        ("\"worker\"", "\"boss\"", "lab.toml line 15: `boss` is no role"),
        ("role = \"worker\"", "roll = \"worker\"", "lab.toml line 15: `roll` is not known"),
        ("role = \"worker\"\n", "", "lab.toml line 12: `role` is missing"),
        ("192.168.56.11", "192.168.56.300", "lab.toml line 14: `192.168.56.300` is no address"),
        ("192.168.56.11", "10.0.2.15", "lab.toml: node01: 10.0.2.15 is not in `network` 192.168.56.0/24"),
        ("10.96.0.0/12", "10.17.1.0/24", "lab.toml: `service_cidr` 10.17.1.0/24 overlaps `pod_cidr` 10.17.0.0/16"),
        ("cpus = 4", "cpus = 0", "lab.toml line 10: `cpus` is no number from 1 on"),
        ("cpus = 4", "cpus = four", "lab.toml line 10: `four` is no value that a lab.toml has"),
        ("name = \"lab\"", "name = \"lab", "lab.toml line 1: the text that begins here is not closed"),
        ("\"worker\"", "\"master\"", "lab.toml: 2 nodes have the role `master`"),
    ];
    let texts: Vec<String> = cases.iter().map(|(from, to, _)| LAB.replacen(from, to, 1)).collect();
    for ((from, to, begins), said) in cases.iter().zip(read_by_ruby(&texts)) {
        let why = said["why"].as_str().unwrap_or_default();
        assert!(why.starts_with(begins) && why.contains("\nhint: "), "{from} -> {to}: {said}");
    }
}
