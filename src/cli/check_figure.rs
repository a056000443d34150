//! `labkit check-figure`

use argh::FromArgs;

use super::output;
use crate::{
    diagnosis::check_figure,
    error::{Error, Result},
    results::{Metric, Record, store},
};

/// Compare a printed figure with what was measured: right, ten times too high, another unit?
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "check-figure",
    note = "Exit code 0 where the figure is the measured one, rounded as it was printed, else 4.",
    example = "labkit check-figure --metric hpl_gflops 36.4 --run reference-ex2"
)]
pub struct CheckFigure {
    /// the figure, with the digits that were printed
    #[argh(positional)]
    figure: String,

    /// what it is a figure of: a name of `labkit results --metrics`
    #[argh(option)]
    metric: String,

    /// the run: id, beginning of it, directory, `reference-ex2`; the latest unless given
    #[argh(option, default = "String::from(\"latest\")")]
    run: String,

    /// only this case; any unless given
    #[argh(option)]
    case: Option<String>,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl CheckFigure {
    pub fn run(self) -> Result<()> {
        let metric = Metric::named(&self.metric)?;
        let record = Record::find(&store::state_dir()?, &self.run)?;
        if self.figure.parse::<f64>().map_or(true, |figure| !figure.is_finite()) {
            return Err(
                Error::usage(format!("`{}` is no figure", self.figure)).hint("write it as it was printed: 36.4")
            );
        }
        let of = self.case.as_ref().map(|case| format!(" of `{case}`")).unwrap_or_default();
        let checked = check_figure(&record, metric, self.case.as_deref(), &self.figure).ok_or_else(|| {
            Error::usage(format!("`{}` has no {}{of}", record.run.id, metric.name))
                .hint(format!("`labkit results {}` shows what it has", record.run.id))
        })?;
        match self.json {
            true => output::json(&checked)?,
            false => output::print(&format!("{} {}: {}\n", self.figure, metric.unit, checked.said))?,
        }
        if checked.agrees { Ok(()) } else { Err(Error::silent_proof()) }
    }
}
