//! `labkit ls`

use argh::FromArgs;

use super::output;
use crate::{clock, columns::columns, error::Result, kept, results::store};

/// The labs that are kept.
#[derive(FromArgs)]
#[argh(subcommand, name = "ls")]
pub struct Ls {
    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Ls {
    pub fn run(self) -> Result<()> {
        let labs = kept::all(&store::state_dir()?)?;
        if self.json {
            return output::json(&labs);
        }
        if labs.is_empty() {
            output::note("no lab is kept; labkit run ex1 --keep leaves one");
            return Ok(());
        }
        let row = |lab: &kept::Kept| {
            let names: Vec<&str> = lab.namespaces.keys().map(|name| name.as_str()).collect();
            let place = lab.holder.map_or("on the host".to_owned(), |holder| format!("process {}", holder.pid));
            vec![lab.id.clone(), clock::for_people(&lab.since), place, shortened(&names)]
        };
        let rows: Vec<_> = labs.iter().map(row).collect();
        output::print(&columns(&["lab", "since", "kept by", "namespaces"], &rows, &[], None))
    }
}

/// The first few names, and how many more there are.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", names[..SHOWN].join(" ")),
        _ => names.join(" "),
    }
}
