//! Bad input gets an error that names recipe, line, key and remedy; nothing is left behind.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::fs;

use support::{Bench, Said};

/// Runs a recipe that must be refused; gives what was said, the state directory's name taken out.
fn refusal(text: &str) -> (Option<i32>, String) {
    let said = Bench::new().run_text(text, &[]);
    (said.code, said.err)
}

/// Each recipe with exactly what must be said of it. The lines of the recipes are numbered from 1.
const REFUSALS: &[(&str, &str)] = &[
    (
        "net.bridge { name = 'br0', prots = {} }",
        "error: test.lua:1: net.bridge: there is no key `prots`\nhint: possible are: ns, name, addr, mtu, stp\n",
    ),
    (
        "net.bridge { name = 'br0', naem = 'x' }",
        "error: test.lua:1: net.bridge: there is no key `naem`\nhint: did you mean `name`?\n",
    ),
    ("\nnet.brdge { name = 'br0' }", "error: test.lua:2: there is no `net.brdge`\nhint: did you mean `net.bridge`?\n"),
    ("ntt.ns 'a'", "error: test.lua:1: there is no global `ntt`\nhint: did you mean `net`?\n"),
    ("x = 1", "error: test.lua:1: `x` would be global\nhint: write `local` before it\n"),
    ("net.ns = nil", "error: test.lua:1: `net.ns` cannot be set\n"),
    ("net.bridge { name = 5 }", "error: test.lua:1: net.bridge: name: the number 5 where a string is expected\n"),
    ("net.bridge {}", "error: test.lua:1: net.bridge: `name` is missing\n"),
    (
        "net.bridge { name = 'a-name-of-sixteen' }",
        "error: test.lua:1: net.bridge: name: `a-name-of-sixteen` is no device name: 17 bytes, the kernel takes 15\n",
    ),
    ("net.bridge { name = 'a/b' }", "error: test.lua:1: net.bridge: name: `a/b` is no device name: it contains `/`\n"),
    (
        "net.bridge { name = 'a b' }",
        "error: test.lua:1: net.bridge: name: `a b` is no device name: it contains white space\n",
    ),
    (
        "net.ns 'a b'",
        "error: test.lua:1: net.ns: `a b` is no namespace name: only letters, digits, `-`, `_` and `.` may stand in it\n",
    ),
    ("net.ns 'a'\nnet.ns 'a'", "error: test.lua:2: net.ns: there is a namespace `a` already\n"),
    (
        "net.bridge { name = 'br0' }\nnet.bridge { name = 'br0' }",
        "error: test.lua:2: net.bridge: there is a device `br0` already, from test.lua:1\n",
    ),
    (
        "net.ns 'left'\nnet.bridge { ns = 'lefft', name = 'br0' }",
        "error: test.lua:2: net.bridge: there is no namespace `lefft`\nhint: did you mean `left`?\n",
    ),
    (
        "net.bridge { name = 'br0', addr = '10.0.0.1' }",
        "error: test.lua:1: net.bridge: addr: `10.0.0.1` has no prefix length: write for example `10.0.0.1/24`\n",
    ),
    (
        "net.bridge { name = 'br0', addr = { '10.0.0.1/24', '10.0.0.1/40' } }",
        "error: test.lua:1: net.bridge: addr.[2]: `/40` is no prefix length: 0 to 32\n",
    ),
    (
        "net.bridge { name = 'br0', addr = '10.0.0.0/24' }",
        "error: test.lua:1: `10.0.0.0/24` on `br0` is the network itself, not a host in it\n",
    ),
    (
        "local a, b = net.ns 'a', net.ns 'b'\nnet.veth { a = { ns = a, name = 'x', addr = '10.0.0.1/24' },\n  b = { ns = b, name = 'y', addr = '10.0.1.2/24' } }",
        "error: test.lua:2: 10.0.0.1/24 on `a/x` is outside the network of the cable's other end: `b/y` has 10.0.1.2/24\n\
         hint: take an address of 10.0.1.0/24\n",
    ),
    (
        "net.bridge { name = 'br0', addr = '10.0.0.1/24' }\nnet.bridge { name = 'br1', addr = '10.0.0.2/16' }",
        "error: test.lua:2: 10.0.0.2/16 on `br1` overlaps 10.0.0.1/24 on `br0` in one namespace\n\
         hint: the kernel would send by one device and wait on the other; choose another network\n",
    ),
    (
        "net.ns 'a'\nnet.bridge { name = 'br0', addr = '10.0.0.1/24' }\nnet.bridge { ns = 'a', name = 'br0', addr = '10.0.0.1/24' }",
        "error: test.lua:3: `a/br0` has the address 10.0.0.1 that `br0` has already, from test.lua:2\n",
    ),
    (
        "net.ns 'a'\nnet.veth { a = { ns = 'a', name = 'x' }, b = { name = 'y', master = 'br9' } }",
        "error: test.lua:2: there is no device `br9`\n\
         hint: a device is written `namespace/device`, or `device` when it is on the host\n",
    ),
    (
        "net.ns 'a'\nnet.bridge { name = 'br0' }\n\
         net.veth { a = { ns = 'a', name = 'x' }, b = { name = 'y', master = 'br0', addr = '10.0.0.1/24' } }",
        "error: test.lua:3: `y` is a port of `br0`: an address on it is never used\nhint: give the address to `br0`\n",
    ),
    (
        "net.vxlan { vni = 2^24, a = { name = 'a', underlay = '10.0.0.1' }, b = { name = 'b', underlay = '10.0.0.2' } }",
        "error: test.lua:1: net.vxlan: vni: 16777216 is no VNI: it has 24 bits, at most 16777215\n",
    ),
    (
        "net.vxlan { vni = 1, a = { name = 'a', underlay = '10.0.0.1' }, b = { name = 'b', underlay = '10.0.0.2' } }",
        "error: test.lua:1: net.vxlan: both ends are in namespace `host`\n\
         hint: the kernel hands such frames over without encapsulating them; put each end in a namespace of its own\n",
    ),
    (
        "net.ns 'a'\nnet.veth { mtu = 70000, a = { ns = 'a', name = 'x' }, b = { name = 'y' } }",
        "error: test.lua:2: net.veth: mtu: 70000 is no MTU: 68 to 65535 bytes\n",
    ),
    (
        "net.ns 'a'\nnet.route { ns = 'a', to = 'default', via = '10.0.0.1' }",
        "error: test.lua:2: next hop 10.0.0.1 is in no network of `a`\n\
         hint: a next hop must be a neighbour: give a device of the namespace an address beside it\n",
    ),
    (
        "net.sysctl { key = 'kernel.panic', value = 1 }",
        "error: test.lua:1: net.sysctl: `kernel.panic` is no kernel setting of a network namespace\n\
         hint: it must begin with `net.`, such as net.ipv4.ip_forward\n",
    ),
    (
        "bench.tcp 'veth'",
        "error: test.lua:1: bench.tcp: case `veth` was not proved\n\
         hint: only what is proved is measured: net.prove { case = \"veth\", … } comes first\n",
    ),
    (
        "report.table { title = 'x', metric = 'throughput' }",
        "error: test.lua:1: report.table: `throughput` is not a metric\nhint: `labkit results --metrics` lists them\n",
    ),
    (
        "require 'nothing'",
        "error: test.lua:1: require: there is no library `nothing`\n\
         hint: a library is lua/lib/NAME.lua in labkit, or lib/NAME.lua beside the recipe\n",
    ),
    ("local x = nil + 1", "error: test.lua:1: attempt to perform arithmetic on a nil value\n"),
    ("local x = (", "error: test.lua:1: unexpected symbol near <eof>\n"),
    ("error 'my own words'", "error: test.lua:1: my own words\n"),
    ("os.exit(0)", "error: test.lua:1: there is no global `os`\nhint: there are: "),
    (
        "net.bridge('br0', 'br1')",
        "error: test.lua:1: net.bridge: 2 arguments where one is expected\nhint: write net.bridge { key = value, … }\n",
    ),
    (
        "\n\nwhile true do end",
        "error: test.lua:3: stopped after 200 million Lua instructions\nhint: is there a loop that never ends?\n",
    ),
    ("bench.ping {}", "error: test.lua:1: bench.ping: `case` is missing\n"),
    (
        "net.ns(5)",
        "error: test.lua:1: net.ns: the number 5 where the namespace's name, or a table with `name` is expected\n",
    ),
    ("lab.params { n = 1 }\nlab.p.n = 2", "error: test.lua:2: `lab.p.n` cannot be set\n"),
    (
        "lab.params { n = { default = 1, mni = 0 } }",
        "error: test.lua:1: lab.params: n: there is no key `mni`\nhint: did you mean `min`?\n",
    ),
    (
        "net.topology { hosts = { 'a' }, switches = { 's' }, links = { { 'a', 'sw' } } }",
        "error: test.lua:1: net.topology: a link names `sw`, which is neither a host nor a switch\nhint: did you mean `s`?\n",
    ),
    (
        "net.topology { hosts = { 'a' }, links = { { 'a', 'a' } } }",
        "error: test.lua:1: net.topology: links.[1] joins `a` to itself\n",
    ),
    (
        "net.topology { hosts = { 'a' }, links = { { 'a' } } }",
        "error: test.lua:1: net.topology: links.[1] has 1 ends, not two\n",
    ),
    (
        "net.topology { hosts = { 'a' }, switches = { 'a' }, links = {} }",
        "error: test.lua:1: net.topology: `a` is both a host and a switch\n",
    ),
    (
        "net.tree { depth = 3000000, fanout = 1 }",
        "error: test.lua:1: net.tree: a tree of depth 3000000 and fanout 1 cannot be made\n\
         hint: a depth of 1 to 12, and at most 4000 leaves\n",
    ),
    (
        "net.route { to = '10.1.2.3/24', via = '10.0.0.1' }",
        "error: test.lua:1: net.route: `10.1.2.3/24` is a host in a network, not a network\nhint: `10.1.2.0/24`, or `10.1.2.3/32`\n",
    ),
    (
        "net.vtep { name = 'v', vni = 1, underlay = '10.0.0.1/24', remote = '10.0.0.2' }",
        "error: test.lua:1: net.vtep: underlay: `10.0.0.1/24` has a prefix length, which does not belong here: write `10.0.0.1`\n",
    ),
    (
        "report.chart { title = 'x', metric = 'throughput_gbit_s', kind = 'line' }",
        "error: test.lua:1: report.chart: a line needs `x`, the label that runs along it\nhint: x = \"second\"\n",
    ),
    (
        "net.ns 'a'\nnet.veth { a = { ns = 'a', name = 'x', addr = 'fd00::1/64' }, b = { name = 'y', addr = 'fd00::2/64' } }\n\
         net.prove { case = 'six', from = 'a', to = 'fd00::2' }",
        "error: test.lua:3: net.prove: fd00::2 is an IPv6 address: paths are proved over IPv4\n",
    ),
    ("net.star(0)", "error: test.lua:1: net.star: 0 hosts: 1 to 4000 are possible\n"),
    (
        "net.star(2.5)",
        "error: test.lua:1: net.star: the number 2.5 where the number of hosts, or a table with `n` is expected\n",
    ),
    (
        "lab.params { n = { default = 5, min = 6 } }",
        "error: test.lua:1: lab.params: n: default: 5 is out of range: at least 6\n",
    ),
    (
        "lab.params { n = 5 }\nprint(lab.p.m)",
        "error: test.lua:2: lab.p: there is no parameter `m`\nhint: did you mean `n`?\n",
    ),
];

#[test]
fn each_mistake_is_told_with_its_line_its_key_and_a_remedy() {
    if !support::netns() {
        return;
    }
    for (recipe, expected) in REFUSALS {
        let (code, err) = refusal(recipe);
        assert!(err.starts_with(expected), "recipe:\n{recipe}\nexpected:\n{expected}\ngot:\n{err}");
        assert!(err == *expected || expected.ends_with("there are: "), "more was said:\n{err}");
        assert_eq!(code, Some(if err.contains("stopped after") { 1 } else { 2 }), "{err}");
    }
}

#[test]
fn an_error_that_a_recipe_caught_is_printed_as_it_would_end_it_and_can_be_raised_again() {
    if !support::netns() {
        return;
    }
    let bench = Bench::new();
    let recipe =
        bench.recipe("test.lua", "local is_done, why = pcall(net.ns, 'a b')\nprint(is_done, why)\nerror(why, 0)");
    let said = bench.labkit(&["run", recipe.to_str().unwrap()]);
    let why =
        "test.lua:1: net.ns: `a b` is no namespace name: only letters, digits, `-`, `_` and `.` may stand in it\n";
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains(&format!("false\t{why}")) && said.err.contains(&format!("error: {why}")), "{}", said.err);
    assert!(!said.err.contains("traceback"), "{}", said.err);
}

/// Two underlays and whatever tunnel the test puts on them.
const UNDERLAY: &str = "net.ns 'l'\nnet.ns 'r'\nnet.veth { a = { ns = 'l', name = 'e', addr = '10.9.0.1/24' }, b = { ns = 'r', name = 'e', addr = '10.9.0.2/24' } }\n";

#[test]
fn a_tunnel_that_could_carry_nothing_is_refused_before_it_is_built() {
    if !support::netns() {
        return;
    }
    let one = |ns: &str, vni: u32, port: u16, from: u8, to: u8| {
        format!(
            "net.vtep {{ ns = '{ns}', name = 'v', vni = {vni}, port = {port}, underlay = '10.9.0.{from}', remote = '10.9.0.{to}' }}\n"
        )
    };
    for (tunnel, expected) in [
        (
            one("l", 100, 4789, 1, 2) + &one("r", 101, 4790, 2, 1),
            "test.lua:4: `l/v` has no other end; nearest is `r/v`, but vni 100 ≠ 101, port 4789 ≠ 4790",
        ),
        (
            one("l", 100, 4789, 1, 3) + &one("r", 100, 4789, 2, 1),
            "`l/v` has no other end; nearest is `r/v`, but 10.9.0.1→10.9.0.3 is not answered by 10.9.0.2→10.9.0.1",
        ),
        (one("l", 100, 4789, 1, 2), "`l/v` has no other end in this lab"),
        (
            one("l", 100, 4789, 5, 2) + &one("r", 100, 4789, 2, 5),
            "`l/v` has no underlay: no device in `l` has 10.9.0.5",
        ),
    ] {
        let (code, err) = refusal(&(UNDERLAY.to_owned() + &tunnel));
        assert!(err.contains(expected), "expected:\n{expected}\ngot:\n{err}");
        assert_eq!(code, Some(2));
    }
}

#[test]
fn frames_that_would_vanish_for_their_size_are_foreseen() {
    if !support::netns() {
        return;
    }
    let tunnel = "net.vxlan { vni = 1, MTU a = { ns = 'l', name = 'v', underlay = '10.9.0.1', MASTER }, b = { ns = 'r', name = 'v', underlay = '10.9.0.2' } }\n";
    let too_large = UNDERLAY.to_owned() + &tunnel.replace("MTU", "mtu = 1500,").replace(", MASTER", "");
    let (_, err) = refusal(&too_large);
    assert_eq!(
        err,
        "error: test.lua:4: mtu 1500 of `l/v` is too large: its underlay `l/e` has 1500, which leaves 1450 after 50 bytes of headers\n\
         hint: mtu = 1450 here, or mtu = 1550 on the underlay\n"
    );
    let mixed = UNDERLAY.to_owned()
        + "net.ns 'a'\nnet.bridge { ns = 'l', name = 'br' }\nnet.veth { a = { ns = 'a', name = 'x' }, b = { ns = 'l', name = 'y', master = 'br' } }\n"
        + &tunnel.replace("MTU", "").replace("MASTER", "master = 'br'");
    let (_, err) = refusal(&mixed);
    assert!(
        err.contains("ports of `l/br` differ in mtu: `l/y` has 1500 and `l/v` 1450; frames above 1450 would vanish"),
        "{err}"
    );
}

#[test]
fn an_error_in_a_library_names_the_recipes_line_too() {
    if !support::netns() {
        return;
    }
    let bench = Bench::new();
    bench.recipe("lib/part.lua", "local part = {}\nfunction part.make()\n  net.bridge { nam = 'x' }\nend\nfunction part.own() error 'broken' end\nreturn part\n");
    let said = bench.run_text("local part = require 'part'\n\npart.make()\n", &[]);
    assert_eq!(
        said.err,
        "error: test.lua:3: through lib/part.lua:3: net.bridge: there is no key `nam`\nhint: did you mean `name`?\n"
    );
    let said = bench.run_text("local part = require 'part'\npart.own()\n", &[]);
    assert_eq!(said.err, "error: test.lua:2: through lib/part.lua:5: broken\n");
}

#[test]
fn a_recipe_cannot_run_for_ever_even_behind_pcall() {
    if !support::netns() {
        return;
    }
    let (code, err) = refusal("while true do\n  pcall(function() while true do end end)\nend");
    assert!(err.contains("stopped after 200 million Lua instructions"), "{err}");
    assert!(err.contains("hint: is there a loop that never ends?"), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_recipe_cannot_eat_the_memory() {
    if !support::netns() {
        return;
    }
    let (code, err) = refusal("local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end");
    assert!(err.contains("more memory than recipes get"), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_case_of_an_unknown_address_or_namespace_is_refused() {
    if !support::netns() {
        return;
    }
    let base = "local a = net.ns 'a'\nnet.veth { a = { ns = a, name = 'x', addr = '10.0.0.1/24' }, b = { name = 'y', addr = '10.0.0.2/24' } }\n";
    for (prove, expected) in [
        ("net.prove { case = 'c', from = 'a', to = '10.0.0.3' }", "no device of the lab has the address 10.0.0.3"),
        ("net.prove { case = 'c', from = 'aa', to = '10.0.0.2' }", "there is no namespace `aa`"),
        (
            "net.prove { case = 'c', from = 'a', to = '10.0.0.2', through = { 'a/xx' } }",
            "there is no device `a/xx`\nhint: did you mean `a/x`?",
        ),
        ("net.prove { case = 'c', from = 'a', to = '10.0.0.2', count = 1 }", "count 1 is out of range: 5 to 10000"),
    ] {
        let (_, err) = refusal(&(base.to_owned() + prove));
        assert!(err.contains("test.lua:3: net.prove") && err.contains(expected), "{err}");
    }
}

#[test]
fn the_command_line_is_judged_before_anything_is_built() {
    let bench = Bench::new();
    for (arguments, expected) in [
        (&["rnu"][..], "error: there is no command `rnu`\nhint: did you mean `labkit run`?\n"),
        (&["run"], "error: required positional arguments not provided: recipe\nhint: labkit run --help\n"),
        (&["run", "ex9"], "error: there is no recipe `ex9`, built in or on disk\nhint: did you mean `ex1`?\n"),
        (
            &["run", "ex1", "--set", "secnds=3"],
            "--set secnds: there is no parameter `secnds`\nhint: did you mean `seconds`?\n",
        ),
        (&["plan", "ex1", "--set", "seconds=0"], "--set seconds=0: 0 is out of range: 1 to 3600\n"),
        (&["plan", "ex1", "--set", "seconds"], "error: --set seconds: no `=` in it\nhint: write --set name=value\n"),
        (&["run", "/tmp"], "error: `/tmp` is a directory, not a recipe\n"),
        (&["results", "x"], "error: there are no runs yet\nhint: start one: labkit run ex1\n"),
        (&["exec", "ns1", "--", "true"], "error: no lab is kept\nhint: labkit run ex1 --keep leaves one\n"),
        (&["down"], "error: no lab is kept\nhint: labkit run ex1 --keep leaves one\n"),
        (&["completion", "bsh"], "error: no completion for `bsh`\nhint: did you mean `bash`?\n"),
    ] {
        let said = bench.labkit(arguments);
        assert!(said.err.ends_with(expected), "{arguments:?}\nexpected:\n{expected}\ngot:\n{}", said.err);
        assert_eq!(said.code, Some(2), "{arguments:?}");
    }
    assert_eq!(
        bench.labkit(&["results"]).err,
        "there are no runs yet; start one: labkit run ex1\n",
        "a refused run leaves nothing"
    );
}

#[test]
fn a_recipe_that_is_no_text_is_refused_with_its_line() {
    let bench = Bench::new();
    let path = bench.state.path().join("binary.lua");
    std::fs::write(&path, b"-- fine\n\xff\xfe\n").unwrap();
    let said = bench.labkit(&["plan", path.to_str().unwrap()]);
    assert!(said.err.contains("binary.lua` line 2: not UTF-8 text"), "{}", said.err);
    std::fs::write(&path, b"\x1bLua\x54").unwrap();
    let said = bench.labkit(&["plan", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("attempt to load a binary chunk"), "{}", said.err);
}

#[test]
fn a_machine_in_no_cluster_says_what_would_make_it_a_node() {
    let (bench, etc) = (Bench::new(), tempfile::tempdir().unwrap());
    let labkit =
        |command: &str| -> Said { bench.command(&[command]).env("LABKIT_ETC", etc.path()).output().unwrap().into() };
    let alone = labkit("status");
    let expected = format!("error: this machine is in no cluster: there is no `{}/lab.toml`", etc.path().display());
    assert!(alone.code == Some(1) && alone.err.starts_with(&expected), "{}", alone.err);
    let bare = labkit("doctor").out;
    assert!(!bare.contains("lab.toml") && !bare.contains("cluster"), "{bare}");

    let lab = "name = \"lab\"\nnetwork = \"127.0.0.0/8\"\npod_cidr = \"10.17.0.0/16\"\nservice_cidr = \"10.96.0.0/12\"\n\
               [[node]]\nname = \"master\"\naddress = \"127.0.0.1\"\nrole = \"master\"\n";
    fs::write(etc.path().join("lab.toml"), lab).unwrap();
    let secretless = labkit("status");
    assert!(secretless.code == Some(1) && secretless.err.contains("there is no lab secret"), "{}", secretless.err);
    assert!(labkit("doctor").out.contains("· cluster            there is no lab secret"));

    let made: Said = bench.command(&["secret", "new"]).env("LABKIT_ETC", etc.path()).output().unwrap().into();
    made.ok();
    let free = labkit("status");
    assert_eq!(free.err.lines().next(), Some("error: this machine is in no cluster"), "{}", free.err);
    assert!(free.code == Some(1) && free.err.contains("hint: `sudo labkit run ex2`"), "{}", free.err);
    // Not being one is no fault.
    let doctor = labkit("doctor").out;
    assert!(doctor.contains("✓ lab                lab: master (master), 127.0.0.1\n"), "{doctor}");
    assert!(doctor.contains("· cluster            this machine is in none\n"), "{doctor}");
}
