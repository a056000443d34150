//! `sysbench cpu` and `sysbench memory`, as version 1.0 prints them.

use super::lines::{after, number};
use crate::results::{Reading, Verdict};

/// Settings, by the name in the text and by that of the option.
const SETTINGS: &[(&str, &str)] = &[
    ("Number of threads", "threads"),
    ("Prime numbers limit", "cpu-max-prime"),
    ("block size", "memory-block-size"),
    ("total size", "memory-total-size"),
    ("operation", "memory-oper"),
    ("scope", "memory-scope"),
    ("total number of events", "total_events"),
    ("total time", "total_time_s"),
];
const RESULTS: &[&str] = &["events per second", "Total operations", "min", "avg", "max", "sum"];
/// The last two lines that it prints: mean and standard deviation over the threads.
const ENDS: &[&str] = &["events (avg/stddev)", "execution time (avg/stddev)"];
const REFUSALS: &[&str] = &["FATAL", "invalid option"];
/// What the clocks of a run may be apart: it starts its threads and its timer in turns.
const START_S: f64 = 0.02;

/// Why the figures are not to be believed.
type Doubt = (Verdict, String);

/// A line `name: value`, its number from 1.
struct Field<'a> {
    line: usize,
    name: &'a str,
    value: &'a str,
}

struct Text<'a> {
    fields: Vec<Field<'a>>,
    lines: usize,
    /// `1024.00 MiB transferred (17049.25 MiB/sec)`: both numbers.
    transfers: Vec<(f64, f64)>,
}

pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("sysbench");
    if let Some(version) = after(text, "sysbench ") {
        reading.fact("version", version);
    }
    let text = Text {
        fields: text.lines().zip(1..).filter_map(field).collect(),
        lines: text.lines().count(),
        transfers: text.lines().filter_map(transfer).collect(),
    };
    for Field { name, value, .. } in &text.fields {
        if let Some((_, fact)) = SETTINGS.iter().find(|(known, _)| known == name) {
            reading.fact(fact, if *name == "total time" { value.trim_end_matches('s') } else { value });
        }
    }
    if let Some(Field { line, name, value }) = text.fields.iter().find(|field| REFUSALS.contains(&field.name)) {
        return reading.ended(Verdict::Failed, format!("line {line}: {name}: {value}"));
    }
    match text.figures(&mut reading).and_then(|()| text.contradiction(&reading)) {
        Ok(()) => Reading { verdict: Verdict::Complete, ..reading },
        Err((verdict, why)) => reading.ended(verdict, why),
    }
}

fn field((line, at): (&str, usize)) -> Option<Field<'_>> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let known = SETTINGS.iter().any(|(setting, _)| *setting == name)
        || [RESULTS, ENDS, REFUSALS].iter().any(|names| names.contains(&name))
        || name.contains("percentile");
    known.then_some(Field { line: at, name, value })
}

fn transfer(line: &str) -> Option<(f64, f64)> {
    let (size, rate) = line.split_once(" MiB transferred (")?;
    Some((number(size.trim())?, number(rate.strip_suffix(" MiB/sec)")?)?))
}

impl Text<'_> {
    fn figures(&self, reading: &mut Reading) -> Result<(), Doubt> {
        if self.fields.iter().any(|field| field.name == "Prime numbers limit") {
            reading.fact("test", "cpu");
            reading.figure("sysbench_cpu_events_s", self.number("events per second")?);
        } else if self.fields.iter().any(|field| field.name == "block size") {
            reading.fact("test", "memory");
            self.memory(reading)?;
        } else {
            let why = "neither `Prime numbers limit` nor `block size` is in it: only the tests cpu and memory are read";
            return Err((Verdict::Incomplete, format!("line {}: {why}", self.lines)));
        }
        reading.figure("sysbench_latency_min_ms", self.number("min")?);
        reading.figure("sysbench_latency_avg_ms", self.number("avg")?);
        reading.figure("sysbench_latency_max_ms", self.number("max")?);
        match self.once("95th percentile") {
            Ok(_) => reading.figure("sysbench_latency_p95_ms", self.number("95th percentile")?),
            Err(missing) => {
                let other = self.fields.iter().find(|field| field.name.contains("percentile")).ok_or(missing)?;
                let Field { line, name, value } = other;
                reading.warnings.push(format!("line {line}: the 95th percentile was not asked for: {name}: {value}"));
            }
        }
        ENDS.iter().try_for_each(|name| self.mean(name).map(|_| ()))
    }

    fn memory(&self, reading: &mut Reading) -> Result<(), Doubt> {
        let operation = self.once("operation")?;
        match self.transfers[..] {
            [(_, rate)] => reading.figure("sysbench_memory_mib_s", rate),
            [] if operation.value == "none" => {
                reading.warnings.push(format!("line {}: the operation `none` moves nothing", operation.line));
            }
            [] => return Err(self.missing("… MiB transferred (… MiB/sec)")),
            [..] => {
                return Err((Verdict::Failed, "`MiB transferred` is there twice: it holds several runs".to_owned()));
            }
        }
        Ok(())
    }

    fn missing(&self, name: &str) -> Doubt {
        (Verdict::Incomplete, format!("line {}: it ends before `{name}`", self.lines))
    }

    fn once(&self, name: &str) -> Result<&Field<'_>, Doubt> {
        let mut found = self.fields.iter().filter(|field| field.name == name);
        let first = found.next().ok_or_else(|| self.missing(name))?;
        match found.next() {
            None => Ok(first),
            Some(Field { line, .. }) => {
                Err((Verdict::Failed, format!("line {line}: `{name}` is there a second time: it holds several runs")))
            }
        }
    }

    /// The number that a value begins with.
    fn number(&self, name: &str) -> Result<f64, Doubt> {
        let Field { line, value, .. } = self.once(name)?;
        // Behind the number stands nothing but the rate of the operations, or the deviation of a mean.
        let first = match name {
            "Total operations" => value.split_once(" (").map_or(*value, |(first, _)| first),
            name if name.ends_with("/stddev)") => value.split_once('/').map_or(*value, |(first, _)| first),
            _ => *value,
        };
        let first = if name == "total time" { first.strip_suffix('s').unwrap_or_default() } else { first };
        number(first).filter(|value| *value >= 0.0).ok_or_else(|| {
            (Verdict::Incomplete, format!("line {line}: `{value}` is not what `{name}` should be: a number"))
        })
    }

    /// The mean of `mean/deviation`, both of which must be numbers.
    fn mean(&self, name: &str) -> Result<f64, Doubt> {
        let Field { line, value, .. } = self.once(name)?;
        let deviation = value.split_once('/').and_then(|(_, deviation)| number(deviation));
        deviation.map(|_| self.number(name)).unwrap_or_else(|| {
            Err((Verdict::Incomplete, format!("line {line}: `{value}` is not what `{name}` should be: two numbers")))
        })
    }

    /// What the text says twice must be the same, as far as its rounding goes.
    fn contradiction(&self, reading: &Reading) -> Result<(), Doubt> {
        let (events, time) = (self.number("total number of events")?, self.number("total time")?);
        let threads = self.number("Number of threads")?;
        if events == 0.0 || threads == 0.0 {
            return Err((Verdict::Failed, format!("it counts {events} events of {threads} threads")));
        }
        let [min, avg, max] = ["min", "avg", "max"].map(|name| self.number(name));
        let (min, avg, max, sum) = (min?, avg?, max?, self.number("sum")?);
        let events_each = self.mean("events (avg/stddev)")?;
        agree(
            ("events of all threads", events),
            (" events by the mean of one", events_each * threads),
            0.0001 * threads,
        )?;
        agree(("ms in all", sum), (" ms by the mean event", avg * events), 0.006 * events + 0.01)?;
        if !(min <= avg && avg <= max) {
            return Err((
                Verdict::Failed,
                format!("the latencies {min}, {avg}, {max} ms are not in the order min, avg, max"),
            ));
        }
        // It comes of a histogram whose classes are 2 % apart.
        if let Some(p95) = reading.value("sysbench_latency_p95_ms").filter(|p95| *p95 > 1.03 * max + 0.01) {
            return Err((
                Verdict::Failed,
                format!("the 95th percentile {p95} ms is above the longest event, {max} ms"),
            ));
        }
        match reading.value("sysbench_cpu_events_s") {
            Some(rate) => rate_and_time(events, rate, time),
            None => self.memory_contradiction(events, time),
        }
    }

    fn memory_contradiction(&self, events: f64, time: f64) -> Result<(), Doubt> {
        let Field { line, value, .. } = self.once("Total operations")?;
        let operations = self.number("Total operations")?;
        let rate = value.split_once(" (").and_then(|(_, rest)| number(rest.strip_suffix(" per second)")?));
        let unreadable = || (Verdict::Incomplete, format!("line {line}: `{value}` is not `… (… per second)`"));
        let rate = rate.ok_or_else(unreadable)?;
        agree(("operations", operations), (" events", events), 0.0)?;
        rate_and_time(events, rate, time)?;
        let Field { line, value, .. } = self.once("block size")?;
        let kib = value.strip_suffix("KiB").and_then(number).filter(|kib| *kib > 0.0);
        let kib = kib.ok_or_else(|| (Verdict::Incomplete, format!("line {line}: `{value}` is no size in KiB")))?;
        let Some(&(size, speed)) = self.transfers.first() else { return Ok(()) };
        agree(("MiB moved", size), (" MiB in blocks", operations * kib / 1024.0), 0.006)?;
        agree(("MiB/s", speed), (" MiB/s in blocks", rate * kib / 1024.0), 0.006 + 0.006 * kib / 1024.0)
    }
}

/// The rate says how long it ran, and so does the total time.
fn rate_and_time(events: f64, rate: f64, time: f64) -> Result<(), Doubt> {
    let rounding = events / (rate - 0.005).max(f64::MIN_POSITIVE) - events / rate.max(f64::MIN_POSITIVE);
    let by_rate = events / rate.max(f64::MIN_POSITIVE);
    if (by_rate - time).abs() <= 0.03 * time + START_S + rounding {
        return Ok(());
    }
    let by_time = events / time;
    Err((
        Verdict::Failed,
        format!("{rate} events/s contradict {events} events in {time} s, which are {by_time:.2} events/s"),
    ))
}

fn agree(one: (&str, f64), other: (&str, f64), rounding: f64) -> Result<(), Doubt> {
    let near = (one.1 - other.1).abs() <= rounding + 1e-9 * one.1.abs();
    near.then_some(())
        .ok_or_else(|| (Verdict::Failed, format!("{} {} contradict {}{}", one.1, one.0, other.1, other.0)))
}
