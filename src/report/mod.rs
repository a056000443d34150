//! From finished runs to what people read: terminal text, one HTML page, figures, exports.
//!
//! * [`text::summary`] is what the terminal shows when a run ends.
//! * [`html::page`] is one self-contained page for any number of runs.
//! * [`figure::all`] gives each chart of a run as an SVG that stands alone.
//! * [`beside::text`] is several runs side by side, and [`registry::text`] every metric.
//! * [`export::text`] and [`export::figures`] are what goes into a lab report or another program.
//! * [`write`] and [`render`] put page and figures on disk.
//!
//! Everything is made from a [`Record`] alone, so that a report renders again without running anything.

mod axis;
pub mod beside;
pub mod export;
pub mod figure;
pub mod html;
mod invalid;
mod overview;
mod printed;
mod proof;
mod provenance;
mod readings;
pub mod registry;
mod series;
mod svg;
mod table;
pub mod text;
mod why;
mod wording;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Context, Result},
    results::Record,
};

/// Writes the page of these runs to `out`; what was there stays whole if it cannot be written.
pub fn write(records: &[Record], out: &Path) -> Result<()> {
    crate::disk::replace(out, html::page(records).as_bytes())
}

/// Writes `report.html` and `figures/*.svg` into the run's own directory and gives the path of the page.
pub fn render(record: &Record) -> Result<PathBuf> {
    let figures = figure::all(record);
    if !figures.is_empty() {
        let dir = record.dir.join("figures");
        fs::create_dir_all(&dir).context(|| format!("create `{}`", dir.display()))?;
        for figure in figures {
            crate::disk::replace(&dir.join(figure.name + ".svg"), figure.svg.as_bytes())?;
        }
    }
    let page = record.dir.join("report.html");
    write(std::slice::from_ref(record), &page)?;
    Ok(page)
}
