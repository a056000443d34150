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
    /// runs: ids, beginnings of ids, directories; the latest unless given
    #[argh(positional)]
    runs: Vec<String>,

    /// where to write the page; beside the run's results unless given
    #[argh(option, short = 'o', arg_name = "FILE")]
    output: Option<PathBuf>,
}

impl Report {
    pub fn run(self) -> Result<()> {
        let state = store::state_dir()?;
        let names = if self.runs.is_empty() { vec!["latest".to_owned()] } else { self.runs };
        let records = names.iter().map(|name| Record::find(&state, name)).collect::<Result<Vec<_>>>()?;
        let mut pages = Vec::new();
        for record in &records {
            pages.push(report::render(record)?);
        }
        let page = match (self.output, pages.as_slice()) {
            (Some(file), _) => {
                report::write(&records, &file)?;
                file
            }
            (None, [page]) => page.clone(),
            (None, _) => {
                let file = PathBuf::from("report.html");
                report::write(&records, &file)?;
                file
            }
        };
        output::print(&format!("{}\n", page.display()))
    }
}
