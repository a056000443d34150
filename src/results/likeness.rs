//! What was not alike when two runs were taken, and may be why their figures differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    proof::{self, Proof},
    reading::Reading,
    store::Record,
};

/// Something that was one way in the first run and another way in the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unlike {
    /// `kernel`, `parameter rounds`, `mtu`
    pub what: String,
    /// The case it was seen in; none where it holds for the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    pub first: String,
    pub other: String,
}

/// Name and value; a fact that was not recorded is absent or empty.
type Fact = (String, String);

/// Everything that tells the two runs apart but their figures: the machine, the program, the parameters, and case by
/// case what the proofs and the tools saw.
pub fn unlike(first: &Record, other: &Record) -> Vec<Unlike> {
    let mut found = Vec::new();
    // What was said of imported figures was said case by case.
    let imported = first.run.imported && other.run.imported;
    if !imported {
        found.extend(differences(None, &of_machine(first), &of_machine(other)));
        found.extend(memory(first, other));
    }
    found.extend(differences(None, &of_program(first), &of_program(other)));
    let theirs = other.cases();
    for case in first.cases().into_iter().filter(|case| theirs.contains(case)) {
        found.extend(differences(Some(case), &benches(first, other, case), &benches(other, first, case)));
        found.extend(differences(Some(case), &of_proofs(first, other, case), &of_proofs(other, first, case)));
        let (ours, theirs) = (of_readings(&first.readings, case), of_readings(&other.readings, case));
        found.extend(differences(Some(case), &ours, &theirs));
        let said = |record: &Record| of_place(record, case, imported);
        found.extend(differences(Some(case), &said(first), &said(other)));
    }
    found
}

/// Settings of the tools that the cases of one run do not share, or the rounds of one case. Ranks and their grid are
/// what cases of MPI differ in on purpose.
pub fn unlike_within(record: &Record) -> Vec<Unlike> {
    let settings = |case: &str| -> Vec<Fact> {
        let all = of_readings(&record.readings, case).into_iter().chain(of_place(record, case, false));
        all.filter(|(name, value)| !GRID.contains(&name.as_str()) && !value.is_empty()).collect()
    };
    let of_cases: Vec<(&str, Vec<Fact>)> = record.cases().into_iter().map(|case| (case, settings(case))).collect();
    let mut found = Vec::new();
    for (at, (case, facts)) in of_cases.iter().enumerate() {
        for (name, value) in facts {
            let known = of_cases[..at].iter().flat_map(|(_, facts)| facts).find(|(other, _)| other == name);
            let first = match (value.split_once(ROUNDS), known) {
                (Some((first, _)), _) => first,
                (None, Some((_, first))) if first != value => first,
                _ => continue,
            };
            let other = value.rsplit_once(ROUNDS).map_or(value.as_str(), |(_, last)| last);
            let case = Some((*case).to_owned());
            found.push(Unlike { what: name.clone(), case, first: first.to_owned(), other: other.to_owned() });
        }
    }
    found
}

/// Facts of either side whose values are not the same, in the order of the first.
fn differences(case: Option<&str>, first: &[Fact], other: &[Fact]) -> Vec<Unlike> {
    let value = |facts: &[Fact], name: &str| -> String {
        let found = facts.iter().find(|(other, value)| other == name && !value.is_empty());
        found.map_or_else(|| "none".to_owned(), |(_, value)| value.clone())
    };
    let only_there = other.iter().filter(|(name, _)| first.iter().all(|(other, _)| other != name));
    first
        .iter()
        .chain(only_there)
        .map(|(name, _)| (name, value(first, name), value(other, name)))
        .filter(|(_, first, other)| first != other)
        .map(|(name, first, other)| Unlike { what: name.clone(), case: case.map(str::to_owned), first, other })
        .collect()
}

fn fact(name: &str, value: impl ToString) -> Fact {
    (name.to_owned(), value.to_string())
}

fn of_machine(record: &Record) -> Vec<Fact> {
    let machine = &record.run.machine;
    vec![
        fact("CPU", &machine.cpu),
        fact("CPUs", machine.cpus),
        fact("arch", &machine.arch),
        fact("kernel", &machine.kernel),
        fact("place", &machine.place),
        fact("clock source", &machine.clock_source),
    ]
}

/// What a kernel keeps for itself changes with its version: up to 2 % is the same memory.
fn memory(first: &Record, other: &Record) -> Option<Unlike> {
    let (first, other) = (first.run.machine.memory_mb, other.run.machine.memory_mb);
    if first == 0 || other == 0 {
        return None;
    }
    let apart = first.abs_diff(other) as f64 > first.max(other) as f64 * 0.02;
    let print = |megabytes: u64| format!("{megabytes} MB");
    apart.then(|| Unlike { what: "memory".to_owned(), case: None, first: print(first), other: print(other) })
}

fn of_program(record: &Record) -> Vec<Fact> {
    let run = &record.run;
    let mut facts = vec![
        fact("outcome", format!("{:?}", run.outcome).to_lowercase()),
        fact("labkit", &run.labkit),
        fact("recipe", &run.recipe),
        fact("recipe sha256", &run.recipe_sha256),
    ];
    facts.extend(run.params.iter().map(|(name, value)| fact(&format!("parameter {name}"), value)));
    facts
}

/// What took the figures that both have: a throughput of iperf3 is not one of our own stream.
fn benches(record: &Record, other: &Record, case: &str) -> Vec<Fact> {
    let metrics: BTreeSet<&str> = taken(other, case).map(|(metric, _)| metric).collect();
    let benches = taken(record, case).filter(|(metric, _)| metrics.contains(metric)).map(|(_, bench)| bench.to_owned());
    vec![fact("bench", unlike_ones(benches.collect()))]
}

/// Metric and bench of each sample of the case.
fn taken<'a>(record: &'a Record, case: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let samples = record.samples.iter().filter(move |sample| sample.case == case);
    samples.map(|sample| (sample.metric.as_str(), sample.bench.as_str()))
}

/// The path as the proofs saw it; where one run has no proof of the case, only that.
fn of_proofs(record: &Record, other: &Record, case: &str) -> Vec<Fact> {
    let of_case = |record: &Record| record.proofs.iter().any(|proof| proof.case == case);
    if !(of_case(record) && of_case(other)) {
        return vec![fact("proof", if of_case(record) { "taken" } else { "not taken" })];
    }
    let proofs: Vec<&Proof> = record.proofs.iter().filter(|proof| proof.case == case).collect();
    let all = |name: &str, value: &dyn Fn(&Proof) -> Option<String>| -> Fact {
        fact(name, unlike_ones(proofs.iter().filter_map(|proof| value(proof)).collect()))
    };
    let mut facts = vec![
        fact("path", path(record, case)),
        all("ttl", &|proof| proof.ttl.map(|ttl| ttl.to_string())),
        all("mtu", &|proof| proof.mtu.map(|mtu| mtu.to_string())),
        all("encapsulation", &|proof| Some(encapsulation(proof))),
    ];
    // Other devices have other offloads: that is no news.
    if path(record, case) == path(other, case) {
        facts.push(all("offloads", &|proof| proof::offloads(&proof.hops)));
    }
    facts
}

/// Kinds of the devices on the way: `veth → bridge → veth`.
fn path(record: &Record, case: &str) -> String {
    let proofs = record.proofs.iter().filter(|proof| proof.case == case);
    let kinds = |proof: &Proof| proof.hops.iter().map(|hop| hop.kind.as_str()).collect::<Vec<_>>().join(" → ");
    unlike_ones(proofs.map(kinds).collect())
}

/// `vni 100, port 4789, +50 bytes`
fn encapsulation(proof: &Proof) -> String {
    let Some(encap) = &proof.encap else { return String::new() };
    let overhead = encap.overhead_bytes.map(|bytes| format!(", +{bytes} bytes")).unwrap_or_default();
    format!("vni {}, port {}{overhead}", encap.vni, encap.port)
}

/// What decides a tool's figures, by the tool's own names: of hpcc and HPL, iperf3, sysbench, iozone.
pub const FACTS: [&str; 14] = [
    "HPL_N",
    "HPL_NB",
    "process grid",
    "CommWorldProcs",
    "tcp_mss_default",
    "congestion",
    "num_streams",
    "protocol",
    "threads",
    "cpu-max-prime",
    "memory-block-size",
    "memory-oper",
    "memory-scope",
    "command",
];
const GRID: [&str; 2] = ["process grid", "CommWorldProcs"];

/// What the tools said of themselves while they measured the case.
fn of_readings(readings: &[Reading], case: &str) -> Vec<Fact> {
    let of_case = || readings.iter().filter(|reading| reading.case == case);
    FACTS.map(|name| fact(name, unlike_ones(of_case().filter_map(|reading| told(reading, name)).collect()))).into()
}

/// Of these the run's machine says as much.
const OF_MACHINE: [&str; 6] = ["arch", "cpu", "cpus", "kernel", "memory_mb", "where"];
/// Between two runs that were imported; the name of a host decides nothing.
const NO_MATTER: &str = "host";

/// What was said of the place that the case was taken in.
fn of_place(record: &Record, case: &str, whole: bool) -> Vec<Fact> {
    let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for reading in record.readings.iter().filter(|reading| reading.case == case) {
        for (name, value) in &reading.provenance {
            said.entry(name).or_default().push(value.clone());
        }
    }
    let wanted = |name: &str| name != NO_MATTER && (whole || !OF_MACHINE.contains(&name));
    let named = |name: &str| if name == "where" { "place".to_owned() } else { name.to_owned() };
    said.into_iter().filter(|(name, _)| wanted(name)).map(|(name, values)| (named(name), unlike_ones(values))).collect()
}

fn told(reading: &Reading, name: &str) -> Option<String> {
    let fact = |name: &str| reading.facts.get(name).cloned();
    match name {
        "process grid" => Some(format!("{} × {}", fact("HPL_nprow")?, fact("HPL_npcol")?)),
        "command" => Some(without_places(&fact("command")?)),
        name => fact(name),
    }
}

/// iozone's command line without the files it works in and writes to.
fn without_places(command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    let names_one = |at: usize| ["-f", "-F", "-b"].contains(&words[at]);
    let kept = (0..words.len()).filter(|at| !(names_one(*at) || *at > 0 && names_one(*at - 1)));
    kept.map(|at| words[at]).collect::<Vec<_>>().join(" ")
}

/// Between the values that rounds of one case had.
const ROUNDS: &str = ", ";

/// Each value once, in the order in which they first come.
fn unlike_ones(values: Vec<String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once.join(ROUNDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Sample, proof::Encap, proof::Hop, store::tests::record};

    fn said(first: &Record, other: &Record) -> Vec<String> {
        unlike(first, other)
            .into_iter()
            .map(|one| {
                format!(
                    "{}{}: {} | {}",
                    one.case.map(|case| case + " ").unwrap_or_default(),
                    one.what,
                    one.first,
                    one.other
                )
            })
            .collect()
    }

    fn veth() -> Record {
        record(&[("veth", &[10.0])])
    }

    fn hop(device: &str, offloads: &[&str]) -> Hop {
        let [rx_packets, tx_packets, rx_bytes, tx_bytes] = [1; 4];
        let offloads = Some(offloads.iter().map(|word| word.to_string()).collect());
        let (device, kind, declared, mtu) = (device.into(), "veth".into(), true, 1500);
        Hop { device, kind, declared, rx_packets, tx_packets, rx_bytes, tx_bytes, mtu, offloads }
    }

    #[test]
    fn runs_that_are_alike_have_nothing_to_tell() {
        assert_eq!(said(&veth(), &veth()), [""; 0]);
    }

    #[test]
    fn another_machine_and_other_parameters_are_named_with_both_values() {
        let (mut first, mut other) = (veth(), veth());
        first.run.machine.kernel = "6.12".into();
        (other.run.machine.cpus, first.run.machine.memory_mb, other.run.machine.memory_mb) = (4, 1967, 3950);
        first.run.params.insert("rounds".into(), 5.into());
        other.run.params.insert("seconds".into(), 2.into());
        let expected = [
            "CPUs: 0 | 4",
            "kernel: 6.12 | none",
            "memory: 1967 MB | 3950 MB",
            "parameter rounds: 5 | none",
            "parameter seconds: none | 2",
        ];
        assert_eq!(said(&first, &other), expected);
    }

    #[test]
    fn a_few_megabytes_of_another_kernel_are_the_same_memory() {
        let (mut first, mut other) = (veth(), veth());
        (first.run.machine.memory_mb, other.run.machine.memory_mb) = (1967, 1961);
        assert_eq!(said(&first, &other), [""; 0]);
    }

    #[test]
    fn what_the_proofs_saw_is_compared_case_by_case() {
        let (mut first, mut other) = (veth(), veth());
        let proof = |mtu: u32, offloads: &[&str]| Proof {
            case: "veth".into(),
            valid: true,
            mtu: Some(mtu),
            hops: vec![hop("ns1/veth0", &["gso", "tso"]), hop("ns2/veth1", offloads)],
            ..Proof::default()
        };
        first.proofs = vec![proof(1500, &["gso", "tso"])];
        assert_eq!(said(&first, &other), ["veth proof: taken | not taken"]);
        let encap = Encap { device: "u".into(), vni: 100, port: 4789, packets: 1, overhead_bytes: Some(50), naked: 0 };
        other.proofs = vec![Proof { encap: Some(encap), ..proof(1450, &["gso"]) }];
        let expected = [
            "veth mtu: 1500 | 1450",
            "veth encapsulation: none | vni 100, port 4789, +50 bytes",
            "veth offloads: gso, tso on every device | gso, tso; but ns2/veth1: gso",
        ];
        assert_eq!(said(&first, &other), expected);
    }

    #[test]
    fn another_tool_for_the_same_metric_is_told() {
        let (first, mut other) = (veth(), veth());
        other.samples[0].bench = "iperf3".into();
        other.samples.push(Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap());
        assert_eq!(said(&first, &other), ["veth bench: tcp | iperf3"]);
    }

    #[test]
    fn what_a_tool_was_set_to_is_compared_once_for_all_its_rounds() {
        let reading = |columns: &str| {
            let mut reading = Reading { case: "cluster".into(), ..Reading::of("hpcc") };
            reading.fact("HPL_N", 5000);
            reading.fact("HPL_nprow", 1);
            reading.fact("HPL_npcol", columns);
            reading.provenance.insert("blas".into(), "reference".into());
            reading
        };
        let facts = |readings: &[Reading]| of_readings(readings, "cluster");
        let found = differences(Some("cluster"), &facts(&[reading("3"), reading("3")]), &facts(&[reading("2")]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first.as_str(), found[0].other.as_str()), ("1 × 3", "1 × 2"));
    }
}
