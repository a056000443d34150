//! The formats of an export, by name and by the ending of a file.

use std::path::Path;

use crate::error::{Error, Result, nearest};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
    Markdown,
    Latex,
    OpenMetrics,
    Svg,
}

/// Each format under its name.
pub const FORMATS: [(&str, Format); 6] = [
    ("csv", Format::Csv),
    ("jsonl", Format::JsonLines),
    ("markdown", Format::Markdown),
    ("latex", Format::Latex),
    ("openmetrics", Format::OpenMetrics),
    ("svg", Format::Svg),
];

/// Endings that are not names.
const ENDINGS: [(&str, Format); 4] =
    [("md", Format::Markdown), ("tex", Format::Latex), ("prom", Format::OpenMetrics), ("om", Format::OpenMetrics)];

impl Format {
    /// By its name or its ending, or an error that suggests the nearest.
    pub fn named(name: &str) -> Result<Format> {
        known(name).ok_or_else(|| {
            let near = nearest(name, FORMATS.iter().map(|(name, _)| *name));
            Error::usage(format!("there is no format `{name}`")).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is {}", names()),
            })
        })
    }

    /// By the ending of a file.
    pub fn of(path: &Path) -> Result<Format> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        known(&ending).ok_or_else(|| {
            Error::usage(format!("the name `{}` does not say which format", path.display()))
                .hint(format!("name one: --format {}", names()))
        })
    }

    /// The asked one, else the file's; without either an error that names all.
    pub fn chosen(name: Option<&str>, path: Option<&Path>) -> Result<Format> {
        match (name, path) {
            (Some(name), _) => Format::named(name),
            (None, Some(path)) => Format::of(path),
            (None, None) => {
                Err(Error::usage("which format?").hint(format!("--format {}, or -o FILE with an ending", names())))
            }
        }
    }
}

fn known(word: &str) -> Option<Format> {
    FORMATS.iter().chain(&ENDINGS).find(|(name, _)| *name == word).map(|(_, format)| *format)
}

fn names() -> String {
    FORMATS.map(|(name, _)| name).join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_file_tells_the_format() {
        let of = |name: &str| Format::chosen(None, Some(Path::new(name))).unwrap();
        assert_eq!(
            [of("a.csv"), of("b/t.TEX"), of("x.om"), of("x.prom")],
            [Format::Csv, Format::Latex, Format::OpenMetrics, Format::OpenMetrics]
        );
        assert_eq!(Format::chosen(Some("md"), Some(Path::new("a.csv"))).unwrap(), Format::Markdown);
    }

    #[test]
    fn an_unknown_format_suggests_the_nearest() {
        let error = Format::named("markdwon").unwrap_err();
        assert_eq!(error.to_string(), "there is no format `markdwon`");
        assert_eq!(error.what_to_try(), Some("did you mean `markdown`?"));
        assert_eq!(Format::of(Path::new("out")).unwrap_err().to_string(), "the name `out` does not say which format");
    }
}
