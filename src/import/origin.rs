//! Where the figures of an imported run were taken, as far as that is the same for all of them.

use std::collections::BTreeMap;

use crate::{machine::Machine, results::Reading};

/// What was said alike of every reading.
pub fn agreed<'a>(readings: impl Iterator<Item = &'a Reading>) -> BTreeMap<String, String> {
    let provenances = readings.map(|reading| reading.provenance.clone());
    provenances
        .reduce(|mut agreed, other| {
            agreed.retain(|name, value| other.get(name) == Some(value));
            agreed
        })
        .unwrap_or_default()
}

/// The machine that this was said of; what is not known is empty or 0.
pub fn machine(said: &BTreeMap<String, String>) -> Machine {
    let setting = |name: &str| said.get(name).cloned().unwrap_or_default();
    let number = |name: &str| setting(name).parse::<f64>().unwrap_or(0.0);
    Machine {
        host: setting("host"),
        place: setting("where"),
        kernel: setting("kernel"),
        arch: setting("arch"),
        cpu: setting("cpu"),
        cpus: number("cpus") as usize,
        memory_mb: number("memory_mb") as u64,
        ..Machine::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(said: &[(&str, &str)]) -> Reading {
        let provenance = said.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Reading { provenance, ..Reading::default() }
    }

    #[test]
    fn only_what_is_said_alike_of_all_is_said_of_the_machine() {
        let readings = [
            reading(&[("where", "vm"), ("cpus", "2"), ("host", "node01")]),
            reading(&[("where", "pod"), ("cpus", "2")]),
        ];
        let machine = machine(&agreed(readings.iter()));
        assert_eq!((machine.place.as_str(), machine.cpus, machine.host.as_str()), ("", 2, ""));
    }
}
