//! `labkit report`

use std::path::PathBuf;

use argh::FromArgs;

use super::output;
use crate::{
    error::Result,
    report,
    results::{Record, store},
};

/// One HTML file from one or more runs; also the figures of each as SVG in its directory.
#[derive(FromArgs)]
#[argh(subcommand, name = "report")]
pub struct Report {
    /// runs: ids, beginnings of ids, directories, `reference`; the latest unless given
    #[argh(positional)]
    runs: Vec<String>,

    /// put this run beside them: `--with reference` for the reference report's figures; may be repeated
    #[argh(option, arg_name = "RUN")]
    with: Vec<String>,

    /// where to write the page, `-` for standard output; beside the run's results unless given
    #[argh(option, short = 'o', arg_name = "FILE")]
    output: Option<PathBuf>,
}

impl Report {
    pub fn run(self) -> Result<()> {
        let state = store::state_dir()?;
        let mut names = if self.runs.is_empty() { vec!["latest".to_owned()] } else { self.runs };
        names.extend(self.with);
        let records = Record::find_all(&state, &names)?;
        let mut pages = Vec::new();
        // The reference report's have no directory of their own.
        let each = records.len() <= report::html::MOST_RUNS;
        for record in records.iter().filter(|record| each && record.dir.exists()) {
            pages.push(report::render(record)?);
        }
        let page = match (self.output, pages.as_slice()) {
            (Some(file), _) if file.as_os_str() == "-" => return output::print(&report::html::page(&records)),
            (Some(file), _) => {
                report::write(&records, &file)?;
                file
            }
            (None, [page]) if records.len() == 1 => page.clone(),
            (None, _) => {
                let file = PathBuf::from("report.html");
                report::write(&records, &file)?;
                file
            }
        };
        output::print(&format!("{}\n", page.display()))
    }
}
