//! Where a run's figures come from: what ran, with which settings, on which machine, and its files.

use maud::{Markup, html};

use super::wording::plain;
use crate::{
    clock,
    machine::Machine,
    results::{Record, Run},
};

/// The run's facts as a table of two columns.
pub fn html(record: &Record) -> Markup {
    html! {
        table.provenance {
            tbody {
                @for (name, fact) in facts(record) {
                    tr { th scope="row" { (name) } td { (fact) } }
                }
            }
        }
    }
}

/// `lab-vm, vm:virtualbox, 2 × Intel …, 2 GB, Linux 6.12`: the machine in one line.
pub fn machine_in_a_line(machine: &Machine) -> String {
    let cpu = match (machine.cpus, machine.cpu.as_str()) {
        (0, _) => String::new(),
        (1, "") => "1 CPU".to_owned(),
        (cpus, "") => format!("{cpus} CPUs"),
        (cpus, cpu) => format!("{cpus} × {cpu}"),
    };
    let memory = if machine.memory_mb > 0 { memory(machine.memory_mb) } else { String::new() };
    let kernel = if machine.kernel.is_empty() { String::new() } else { format!("Linux {}", machine.kernel) };
    let parts = [machine.host.clone(), place(&machine.place), cpu, memory, kernel];
    parts.iter().map(|part| plain(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `lab-vm, virtual machine (kvm)`
pub fn host_and_place(machine: &Machine) -> String {
    let parts = [plain(&machine.host), plain(&place(&machine.place))];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `vm:kvm` as a person says it.
fn place(place: &str) -> String {
    match place.split_once(':') {
        Some(("vm", "unknown")) => "virtual machine".to_owned(),
        Some(("vm", kind)) => format!("virtual machine ({kind})"),
        Some(("container", kind)) => format!("container ({kind})"),
        _ if place == "bare" => "bare metal".to_owned(),
        _ => place.to_owned(),
    }
}

fn memory(megabytes: u64) -> String {
    match megabytes {
        0..1000 => format!("{megabytes} MB"),
        _ => format!("{:.1} GB", megabytes as f64 / 1024.0),
    }
}

fn facts(record: &Record) -> Vec<(&'static str, Markup)> {
    let run = &record.run;
    let text = |text: &str| html! { (plain(text)) };
    let code = |text: &str| html! { code { (plain(text)) } };
    let mut facts = vec![
        ("Run", code(&run.id)),
        ("labkit", text(&run.labkit)),
        ("Origin", text(if run.imported { "imported from files of other tools" } else { "measured by labkit" })),
        (
            "Recipe",
            html! { @if run.recipe_sha256.is_empty() { (plain(&run.recipe)) } @else { (recipe_with_digest(run)) } },
        ),
        ("Parameters", params(run)),
        ("Seed", code(&run.seed.to_string())),
        ("Start", time(&run.start)),
        ("End", run.end.as_deref().map_or_else(|| text("not recorded"), time)),
    ];
    let machine = machine(&run.machine).into_iter().filter(|(_, fact)| !run.imported || !fact.is_empty());
    let known = |fact: &str| if fact.is_empty() { "unknown".to_owned() } else { fact.to_owned() };
    facts.extend(machine.map(|(name, fact)| (name, text(&known(&fact)))));
    facts.push(("Files", files(record)));
    facts
}

fn recipe_with_digest(run: &Run) -> Markup {
    html! { (plain(&run.recipe)) " " span.hash { "sha256 " code { (plain(&run.recipe_sha256)) } } }
}

fn params(run: &Run) -> Markup {
    html! {
        @if run.params.is_empty() { "none" }
        @for (at, (name, value)) in run.params.iter().enumerate() {
            @if at > 0 { ", " }
            code { (plain(name)) " = " (plain(&value.to_string())) }
        }
    }
}

fn time(rfc3339: &str) -> Markup {
    let (said, exact) = (clock::for_people(&plain(rfc3339)), plain(rfc3339));
    html! {
        // What is no time of the calendar is only said.
        @if said == exact { (said) } @else { time datetime=(exact) { (said) } " (" (exact) ")" }
    }
}

/// What is not known is empty.
fn machine(machine: &Machine) -> Vec<(&'static str, String)> {
    let unless_none = |is_known: bool, text: String| if is_known { text } else { String::new() };
    let kernel = format!("{} {}", machine.kernel, machine.arch);
    vec![
        ("Host", machine.host.clone()),
        ("Place", place(&machine.place)),
        ("Kernel", kernel.trim().to_owned()),
        ("CPU", unless_none(machine.cpus > 0, format!("{} × {}", machine.cpus, machine.cpu))),
        ("Memory", unless_none(machine.memory_mb > 0, memory(machine.memory_mb))),
        ("Load at the start", unless_none(!machine.clock_source.is_empty(), format!("{:.2}", machine.load))),
        ("Clock source", machine.clock_source.clone()),
    ]
}

fn files(record: &Record) -> Markup {
    if record.dir.as_os_str().is_empty() {
        return html! { "built into labkit (" (record.samples.len()) " samples)" };
    }
    html! {
        code { (plain(&record.dir.display().to_string())) } br;
        @for (at, name) in ["run.json", "samples.jsonl", "proofs.jsonl", "raw/", "figures/"].into_iter().enumerate() {
            @if at > 0 { ", " }
            code { (name) }
        }
        " (" (record.samples.len()) " samples, " (record.proofs.len()) " proofs)"
    }
}
