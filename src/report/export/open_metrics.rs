//! Every valid sample as a gauge in the OpenMetrics text format 1.0, for a monitoring system.

use std::collections::BTreeMap;

use super::clean;
use crate::{
    clock,
    report::wording::{direction, metric_in_unit},
    results::{Metric, Origins, Record, Sample},
};

/// Lines of a metric family by their labels: no two may be the same.
type Points = BTreeMap<String, Vec<String>>;
/// A sample and where it was taken.
type Taken<'a> = (&'a Record, &'a Origins<'a>, &'a Sample);

/// A gauge `labkit_<metric>` for each metric. What is invalid is only counted, lest somebody average it.
pub fn text(records: &[Record]) -> String {
    let mut families: BTreeMap<&str, Vec<Taken>> = BTreeMap::new();
    let origins: Vec<Origins> = records.iter().map(Origins::of).collect();
    for (record, origins) in records.iter().zip(&origins) {
        for sample in record.samples.iter().filter(|sample| is_taken(sample)) {
            families.entry(&sample.metric).or_default().push((record, origins, sample));
        }
    }
    let gauges: String = families.iter().map(|(metric, samples)| family(metric, samples)).collect();
    gauges + &invalid(records) + "# EOF\n"
}

fn is_taken(sample: &Sample) -> bool {
    sample.valid && sample.value.is_finite()
}

fn family(metric: &str, samples: &[Taken]) -> String {
    let name = format!("labkit_{}", word(metric));
    let mut text = format!("# TYPE {name} gauge\n");
    if let Ok(metric) = Metric::named(metric) {
        text += &unit(metric).map(|unit| format!("# UNIT {name} {unit}\n")).unwrap_or_default();
        let help = format!("{}; {}", metric_in_unit(metric), direction(metric));
        text += &format!("# HELP {name} {}\n", escaped(&help));
    }
    let mut points: Points = BTreeMap::new();
    for (record, origins, sample) in samples {
        let time = clock::epoch_ms(&sample.at).map(|ms| format!(" {}.{:03}", ms / 1000, ms % 1000));
        let point = format!("{:?}{}", sample.value, time.unwrap_or_default());
        points.entry(printed(&labels(record, origins, sample))).or_default().push(point);
    }
    let lines = points.iter().flat_map(|(labels, points)| {
        let name = &name;
        points.iter().zip(1..).map(move |(point, nth)| format!("{name}{{{labels}{}}} {point}\n", repeated(nth)))
    });
    text + &lines.collect::<String>()
}

/// What tells apart samples that nothing else does.
fn repeated(nth: usize) -> String {
    if nth == 1 { String::new() } else { format!(",nth=\"{nth}\"") }
}

/// How many samples of each case and metric are left out.
fn invalid(records: &[Record]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        for sample in record.samples.iter().filter(|sample| !is_taken(sample)) {
            let of = [("run", &record.run.id), ("case", &sample.case), ("metric", &sample.metric)];
            let labels: Vec<_> = of.map(|(name, value)| (name.to_owned(), value.clone())).into();
            *counts.entry(printed(&labels)).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let lines = counts.iter().map(|(labels, count)| format!("labkit_invalid_samples{{{labels}}} {count}\n"));
    let head =
        "# TYPE labkit_invalid_samples gauge\n# HELP labkit_invalid_samples samples that are not to be believed\n";
    head.to_owned() + &lines.collect::<String>()
}

/// Names and values, each name once, none of the values empty: an empty label is the same as no label.
fn labels(record: &Record, origins: &Origins, sample: &Sample) -> Vec<(String, String)> {
    let round = sample.round.map(|round| round.to_string()).unwrap_or_default();
    let fixed = [
        ("run", record.run.id.as_str()),
        ("case", &sample.case),
        ("bench", &sample.bench),
        ("place", origins.place(sample)),
        ("host", origins.host(sample)),
        ("round", &round),
    ];
    let mut labels: Vec<(String, String)> = fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    for (name, value) in &sample.labels {
        let name = format!("label_{}", word(name));
        match labels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += &format!(", {value}"),
            None => labels.push((name, value.clone())),
        }
    }
    labels.retain(|(_, value)| !value.is_empty());
    labels
}

fn printed(labels: &[(String, String)]) -> String {
    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect::<Vec<_>>().join(",")
}

/// Fit for a name: what is no letter, digit or underscore becomes one.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn escaped(text: &str) -> String {
    clean(text).replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// The unit as the metric's name ends in it; a name that does not may not have one.
fn unit(metric: &Metric) -> Option<String> {
    let unit = metric.unit.to_lowercase().replace('µ', "u").replace('%', "percent");
    let spoken = [unit.replace('/', "_per_"), unit.replace('/', "_")];
    spoken.into_iter().find(|unit| !unit.is_empty() && metric.name.ends_with(&format!("_{unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store;

    #[test]
    fn the_unit_is_the_end_of_the_name_or_nothing() {
        let of = |name: &str| unit(Metric::named(name).unwrap());
        let some = |unit: &str| Some(unit.to_owned());
        assert_eq!(of("throughput_gbit_s"), some("gbit_s"));
        assert_eq!([of("cpu_s_per_gb"), of("mpi_latency_avg_us")], [some("s_per_gb"), some("us")]);
        assert_eq!([of("udp_loss_percent"), of("sysbench_cpu_events_s")], [some("percent"), some("events_s")]);
        assert_eq!([of("retransmits"), of("hpl_residual"), of("random_access_mpi_gups")], [None, None, None]);
    }

    #[test]
    fn what_is_measured_twice_alike_is_told_apart() {
        let mut record = store::tests::record(&[("veth", &[10.0])]);
        record.samples.push(record.samples[0].clone());
        let text = text(std::slice::from_ref(&record));
        assert_eq!(text.matches("nth=\"2\"").count(), 1, "{text}");
    }

    #[test]
    fn what_is_invalid_is_counted_and_not_given() {
        let mut record = store::tests::record(&[("veth", &[10.0, 11.0])]);
        record.samples[1] = record.samples[1].clone().invalidate("routed");
        let text = text(std::slice::from_ref(&record));
        assert!(text.contains("metric=\"throughput_gbit_s\"} 1\n") && !text.contains("11.0"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_label_keeps_its_quotes_and_lines() {
        assert_eq!(escaped("a\"b\\c\nd\u{1b}"), r#"a\"b\\c\nd"#);
    }
}
