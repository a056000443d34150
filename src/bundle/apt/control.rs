//! Paragraphs of fields (deb822(5)): what a package says of itself, and where an archive is.

use std::fmt;

use crate::error::{Error, Result};

/// One paragraph, its fields in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Control {
    /// A value's further lines begin with a blank, as they do in the text.
    fields: Vec<(String, String)>,
}

impl Control {
    /// The one paragraph of a text.
    pub fn parse(text: &str) -> Result<Control> {
        let mut paragraphs = Control::paragraphs(text)?;
        match (paragraphs.pop(), paragraphs.is_empty()) {
            (Some(one), true) => Ok(one),
            (None, _) => Err(Error::failed("it has no fields")),
            // What follows an empty line would be another package in a list of packages.
            (Some(_), false) => Err(Error::failed("it has more than one paragraph")),
        }
    }

    /// All paragraphs of a text. Lines that begin with `#` say nothing.
    pub fn paragraphs(text: &str) -> Result<Vec<Control>> {
        let mut paragraphs = vec![Control::default()];
        for (number, line) in text.lines().enumerate() {
            // apt takes a carriage return for the end of a line, here and there.
            let line = line.trim_end();
            let refuse = |why: &str| Err(Error::failed(format!("line {}: {why}", number + 1)));
            if line.chars().any(|c| c.is_control() && c != '\t') {
                return refuse("it has a sign that is no text");
            }
            let Some(open) = paragraphs.last_mut() else { continue };
            if line.starts_with('#') {
                continue;
            } else if line.is_empty() {
                if !open.fields.is_empty() {
                    paragraphs.push(Control::default());
                }
            } else if line.starts_with([' ', '\t']) {
                match open.fields.last_mut() {
                    Some((_, value)) => *value += &format!("\n{line}"),
                    None => return refuse("it goes on with a field, and there is none"),
                }
            } else {
                match line.split_once(':').filter(|(name, _)| is_field_name(name)) {
                    Some((name, _)) if open.field(name).is_some() => {
                        return refuse(&format!("field `{name}` stands there twice"));
                    }
                    Some((name, value)) => open.fields.push((name.to_owned(), value.trim_start().to_owned())),
                    None => return refuse(&format!("`{}` is no field", line.escape_debug())),
                }
            }
        }
        paragraphs.retain(|paragraph| !paragraph.fields.is_empty());
        Ok(paragraphs)
    }

    /// The value of a field, however its name is written; its further lines begin with a blank.
    pub fn field(&self, name: &str) -> Option<&str> {
        let named = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The same of a field that must be there.
    pub fn required(&self, name: &str) -> Result<&str> {
        match self.field(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(Error::failed(format!("it has no field `{name}`"))),
        }
    }

    /// Adds a field behind the others, in the place of one of this name.
    pub fn with(mut self, name: &str, value: &str) -> Control {
        self = self.without(&[name]);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, names: &[&str]) -> Control {
        self.fields.retain(|(known, _)| !names.iter().any(|name| known.eq_ignore_ascii_case(name)));
        self
    }
}

/// The text of the paragraph, with a line's end and without an empty line behind it.
impl fmt::Display for Control {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.fields.iter().try_for_each(|(name, value)| match value.is_empty() || value.starts_with('\n') {
            true => writeln!(out, "{name}:{value}"),
            false => writeln!(out, "{name}: {value}"),
        })
    }
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JQ: &str =
        "Package: jq\nVersion: 1.6-2.1\nConffiles:\n /etc/jq 0123\nDescription: JSON\n a long\n .\n\ttext\n";

    #[test]
    fn a_paragraph_is_read_and_written_as_it_is() {
        let control = Control::parse(&format!("\n{JQ}\n\n")).unwrap();
        assert_eq!(control.to_string(), JQ);
        assert_eq!((control.field("VERSION"), control.field("Depends")), (Some("1.6-2.1"), None));
        assert_eq!(control.field("Description"), Some("JSON\n a long\n .\n\ttext"));
        assert_eq!(control.field("conffiles"), Some("\n /etc/jq 0123"));
        assert_eq!(control.required("Depends").unwrap_err().to_string(), "it has no field `Depends`");
        let other = control.without(&["conffiles", "description"]).with("package", "jr");
        assert_eq!(other.to_string(), "Version: 1.6-2.1\npackage: jr\n");
    }

    #[test]
    fn paragraphs_stand_between_empty_lines() {
        let paragraphs = Control::paragraphs("# a\nTypes: deb\n# b\nURIs: x\r\n \t\n\n\nTypes: deb-src\n").unwrap();
        assert_eq!(paragraphs.len(), 2);
        assert_eq!((paragraphs[0].field("uris"), paragraphs[1].field("types")), (Some("x"), Some("deb-src")));
    }

    #[test]
    fn what_could_become_another_package_is_refused() {
        let refused = |text: &str| Control::parse(text).unwrap_err().to_string();
        assert_eq!(refused("Package: a\n \nPackage: b\n"), "it has more than one paragraph");
        assert_eq!(refused("Package: a\n\r\nPackage: b\n"), "it has more than one paragraph");
        assert_eq!(refused("Package: a\nD: x\n\ry\n"), "line 3: it has a sign that is no text");
        assert_eq!(refused("Package: a\npackage: b\n"), "line 2: field `package` stands there twice");
        assert_eq!(refused(" a\n"), "line 1: it goes on with a field, and there is none");
        assert_eq!(refused("a b: c\n"), "line 1: `a b: c` is no field");
        assert_eq!(refused("\n"), "it has no fields");
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_so_that_it_reads_the_same(text in "([A-Za-z-]{1,3}|[ -~\u{e4}]{0,6})?(:|[ \t\n\r#]|\n ){0,3}{0,8}") {
            if let Ok(control) = Control::parse(&text) {
                prop_assert_eq!(Control::parse(&control.to_string()).unwrap(), control);
            }
        }
    }
}
