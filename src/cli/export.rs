//! `labkit export`

use std::path::PathBuf;

use argh::FromArgs;

use super::output;
use crate::{
    error::{Error, Result},
    report::export::{self, Format},
    results::{Record, Selection, store},
};

/// Samples, tables or figures of runs for another program: a spreadsheet, a lab report, a monitoring system.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "export",
    example = "labkit export latest -o samples.csv",
    example = "labkit export latest --metric throughput_gbit_s -o table.tex",
    example = "labkit export latest --format svg -o figures"
)]
pub struct Export {
    /// runs: ids, beginnings of ids, directories; the latest unless given
    #[argh(positional)]
    runs: Vec<String>,

    /// csv, jsonl, markdown, latex, openmetrics or svg; by the ending of -o unless given
    #[argh(option, arg_name = "FORMAT")]
    format: Option<String>,

    /// where to write: a file, for svg a directory; standard output unless given
    #[argh(option, short = 'o', arg_name = "PATH")]
    output: Option<PathBuf>,

    /// only this metric; again for more
    #[argh(option, arg_name = "NAME")]
    metric: Vec<String>,

    /// only this case; again for more
    #[argh(option, arg_name = "NAME")]
    case: Vec<String>,
}

impl Export {
    pub fn run(self) -> Result<()> {
        let format = Format::chosen(self.format.as_deref(), self.output.as_deref())?;
        let state = store::state_dir()?;
        let names = if self.runs.is_empty() { vec!["latest".to_owned()] } else { self.runs };
        let records = Record::find_all(&state, &names)?;
        let selection = Selection::of(self.metric, self.case, &records)?;
        match (format, self.output) {
            (Format::Svg, None) => Err(Error::usage("svg needs a directory").hint("name one: -o DIR")),
            (Format::Svg, Some(out)) => {
                let drawn = export::figures(&records, &selection, &out)?;
                let lines = drawn.iter().map(|figure| format!("{}\n    {}\n", figure.path.display(), figure.caption));
                output::print(&lines.collect::<String>())
            }
            (format, None) => output::print(&export::text(&records, format, &selection)?),
            (format, Some(file)) => {
                crate::disk::replace(&file, export::text(&records, format, &selection)?.as_bytes())?;
                output::print(&format!("{}\n", file.display()))
            }
        }
    }
}
