//! The figures of runs as files for a printed page: of a physical size, on white, with a font that everybody has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::select;
use crate::{
    error::{Context, Error, Result},
    report::{figure, wording::slug},
    results::{Record, Section, Selection},
};

/// The width of the text of an A4 page with usual margins. The letters come out 7.8 points high.
const WIDTH_MM: f64 = 160.0;

/// A figure that was written.
pub struct Drawn {
    pub path: PathBuf,
    /// What is seen: metric, unit, n, and what the marks stand for.
    pub caption: String,
}

/// Writes the selected figures into a directory, or the only one into a file whose name ends in `.svg`.
pub fn figures(records: &[Record], selection: &Selection, out: &Path) -> Result<Vec<Drawn>> {
    let mut drawn: Vec<(String, figure::Figure)> = Vec::new();
    for record in records {
        for figure in figure::all(&with_charts(record, selection)) {
            let name = if records.len() == 1 { figure.name.clone() } else { slug(&record.run.id) + "-" + &figure.name };
            drawn.push((unlike(&drawn, name), figure));
        }
    }
    let is_file = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg")) && !out.is_dir();
    match (is_file, drawn.as_slice()) {
        (_, []) => Err(Error::failed("there is nothing to export: no chart was asked for")
            .hint("`report.chart` in the recipe asks for one")),
        (true, [(_, figure)]) => Ok(vec![written(out.to_owned(), figure)?]),
        (true, several) => Err(Error::usage(format!("there are {} figures", several.len()))
            .hint("name a directory, or choose one by --metric")),
        (false, _) => {
            fs::create_dir_all(out).context(|| format!("create `{}`", out.display()))?;
            drawn.iter().map(|(name, figure)| written(out.join(format!("{name}.svg")), figure)).collect()
        }
    }
}

fn with_charts(record: &Record, selection: &Selection) -> Record {
    let mut record = select(record, selection);
    record.run.sections.retain(|section| match section {
        Section::Chart(chart) => selection.has_metric(&chart.metric),
        _ => false,
    });
    record
}

fn unlike(drawn: &[(String, figure::Figure)], name: String) -> String {
    let taken = |name: &String| drawn.iter().any(|(known, _)| known == name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

fn written(path: PathBuf, figure: &figure::Figure) -> Result<Drawn> {
    crate::disk::replace(&path, for_paper(&figure.svg).as_bytes())?;
    Ok(Drawn { path, caption: figure.caption.clone() })
}

/// The same drawing with its size in millimetres and a font by its kind. Both stand in the first element.
fn for_paper(svg: &str) -> String {
    let (root, rest) = svg.split_at(svg.find('>').unwrap_or(0));
    let size = attribute(root, "viewBox").and_then(|size| {
        let mut numbers = size.split(' ').skip(2).map(str::parse::<f64>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    let Some((width, height)) = size else { return svg.to_owned() };
    let mut root = with(root, "width", &format!("{WIDTH_MM}mm"));
    root = with(&root, "height", &format!("{:.2}mm", height * WIDTH_MM / width));
    with(&root, "font-family", "sans-serif") + rest
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The element with another value of an attribute that it has.
fn with(element: &str, name: &str, value: &str) -> String {
    let Some(old) = attribute(element, name) else { return element.to_owned() };
    element.replacen(&format!(" {name}=\"{old}\""), &format!(" {name}=\"{value}\""), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_size_and_font_of_the_first_element_change() {
        let svg = r#"<svg viewBox="0 0 760 380" width="760" height="380" font-family="a, 'b'"><rect width="1"/></svg>"#;
        let paper = r#"<svg viewBox="0 0 760 380" width="160mm" height="80.00mm" font-family="sans-serif"><rect width="1"/></svg>"#;
        assert_eq!(for_paper(svg), paper);
    }
}
