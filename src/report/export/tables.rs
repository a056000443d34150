//! The tables of runs that a text document is given, each with its rows and what must be said beside it.

use crate::{
    error::{Error, Result},
    report::{
        table,
        wording::{plain, sentence_case},
    },
    results::{
        Metric, Record, Section, Selection,
        comparison::{Row, Verdict},
        proof,
        registry::METRICS,
    },
};

/// One metric of one run.
pub struct Table<'a> {
    pub record: &'a Record,
    /// The recipe's heading; none where it asked for no table of this metric.
    pub title: Option<String>,
    pub metric: &'static Metric,
    /// Never empty.
    pub rows: Vec<Row>,
}

impl Table<'_> {
    /// `Throughput (Gbit/s); more is better; ratios to veth`
    pub fn subtitle(&self) -> String {
        sentence_case(&table::subtitle(self.record, self.metric))
    }

    /// False where the ratio would be a dash in every row.
    pub fn has_ratios(&self) -> bool {
        self.rows.iter().any(|row| row.ratio.is_some())
    }

    /// False where there is nothing to say of any row.
    pub fn has_verdicts(&self) -> bool {
        self.record.run.baseline.is_some() || self.rows.iter().any(|row| !row.valid)
    }

    /// Sentences to stand below: what the control is for, and why what is invalid is so.
    pub fn notes(&self) -> Vec<String> {
        let invalid = self.rows.iter().filter(|row| !row.valid);
        let doubts = invalid.map(|row| format!("{} is invalid: {}.", row.case, self.why(&row.case)));
        self.control().into_iter().chain(doubts).map(|note| plain(&note)).collect()
    }

    fn control(&self) -> Option<String> {
        let control = self.rows.iter().find(|row| row.verdict == Verdict::Control && row.ratio.is_some())?;
        let baseline = self.record.run.baseline.as_deref()?;
        Some(format!(
            "The control, {}, is {baseline} measured a second time: a case is better or worse only where its interval \
             lies outside the control's.",
            control.case
        ))
    }

    fn why(&self, case: &str) -> String {
        if let Some(proof) = proof::refutation(self.record, case) {
            return proof.reasons().join("; ");
        }
        let samples = self.record.samples.iter();
        let mut of_case = samples.filter(|sample| sample.case == case && sample.metric == self.metric.name);
        of_case.find_map(|sample| sample.why.clone()).unwrap_or_else(|| "no reason was recorded".to_owned())
    }
}

/// Tables of all runs: those that the recipe asked for, then any that were asked for by name; where neither asked,
/// one of every metric.
pub fn all<'a>(records: &'a [Record], selection: &Selection) -> Result<Vec<Table<'a>>> {
    let tables: Vec<Table> = records.iter().flat_map(|record| of_run(record, selection)).collect();
    match tables.is_empty() {
        true => Err(Error::failed("there is nothing to export: no whole measurement was taken of it")
            .hint("the parts of one are in --format csv")),
        false => Ok(tables),
    }
}

fn of_run<'a>(record: &'a Record, selection: &Selection) -> Vec<Table<'a>> {
    let mut wanted: Vec<(Option<String>, &'static Metric)> = Vec::new();
    for section in &record.run.sections {
        if let Section::Table(table) = section
            && let Ok(metric) = Metric::named(&table.metric)
        {
            wanted.push((Some(plain(&table.title)), metric));
        }
    }
    let by_name = |metric: &&Metric| selection.metrics.iter().any(|name| name == metric.name);
    let every = wanted.is_empty() && selection.metrics.is_empty();
    for metric in METRICS.iter().filter(|metric| every || by_name(metric)) {
        if wanted.iter().all(|(_, known)| known.name != metric.name) {
            wanted.push((None, metric));
        }
    }
    wanted.retain(|(_, metric)| selection.has_metric(metric.name));
    let rows = |metric: &Metric| {
        let rows = table::rows(record, metric);
        rows.into_iter().filter(|row| selection.has_case(&row.case)).collect::<Vec<Row>>()
    };
    let tables = wanted.into_iter().map(|(title, metric)| Table { record, title, metric, rows: rows(metric) });
    tables.filter(|table| !table.rows.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{section, store};

    fn metrics(record: &Record, asked: &[&str]) -> Vec<String> {
        let metrics = asked.iter().map(|name| name.to_string()).collect();
        let tables = of_run(record, &Selection { metrics, ..Selection::default() });
        tables.into_iter().map(|table| format!("{:?} {}", table.title, table.metric.name)).collect()
    }

    #[test]
    fn the_recipes_tables_come_first_and_others_when_they_are_asked_for() {
        let mut record = store::tests::record(&[("veth", &[10.0])]);
        assert_eq!(metrics(&record, &[]), ["None throughput_gbit_s"]);
        let table = section::Table { title: "How fast?".into(), metric: "throughput_gbit_s".into() };
        record.run.sections = vec![Section::Table(table)];
        assert_eq!(metrics(&record, &[]), ["Some(\"How fast?\") throughput_gbit_s"]);
        assert_eq!(metrics(&record, &["ping_min_ms"]), [""; 0]);
        let ping = crate::results::Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap();
        record.samples.push(ping);
        assert_eq!(metrics(&record, &["ping_min_ms"]), ["None ping_min_ms"]);
    }
}
