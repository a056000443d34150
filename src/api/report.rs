//! The `report` namespace.

use super::World;
use crate::{
    args::{Short, Shortened},
    error::{Error, Result},
    lua::{Namespace, function},
    results::{
        Metric, Section,
        section::{Chart, ChartKind, Note, Table},
    },
};

impl Short for Note {
    const EXPECTED: &'static str = "a sentence";

    fn from_text(text: &str) -> Option<Result<Note, String>> {
        Some(Ok(Note { text: text.to_owned() }))
    }
}

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "report",
        functions: vec![
            function("chart", |world: &mut World, chart: Chart| {
                Metric::named(&chart.metric)?;
                if chart.kind == ChartKind::Line && chart.x.is_none() {
                    return Err(Error::usage("a line needs `x`, the label that runs along it").hint("x = \"second\""));
                }
                show(world, Section::Chart(chart))
            }),
            function("note", |world: &mut World, note: Shortened<Note>| show(world, Section::Note(note.0))),
            function("table", |world: &mut World, table: Table| {
                Metric::named(&table.metric)?;
                show(world, Section::Table(table))
            }),
        ],
        lookup: None,
    }
}

fn show(world: &mut World, section: Section) -> Result<()> {
    world.lab.run.sections.push(section);
    Ok(())
}
