//! What a package needs of others (Debian policy, chapter 7): alternatives, versions, and what they are bound to.

use std::fmt;

use super::version::Version;
use crate::error::{Error, Result};

/// One package, in certain versions: `libc6 (>= 2.34)`, `python3:any`, `gawk [amd64] <!nocheck>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub name: String,
    /// Behind the colon: `any`, `native` or an architecture.
    pub qualifier: Option<String>,
    pub version: Option<(Operator, Version)>,
    /// Architectures that it counts on, each perhaps with a `!`; on all where there are none.
    architectures: Vec<String>,
    /// Build profiles that it counts in, one list for each pair of brackets.
    profiles: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Earlier,
    EarlierOrEqual,
    Equal,
    LaterOrEqual,
    Later,
}

/// `<` and `>` are of old, and take in the version itself.
const OPERATORS: [(&str, Operator); 7] = [
    ("<<", Operator::Earlier),
    ("<=", Operator::EarlierOrEqual),
    (">=", Operator::LaterOrEqual),
    (">>", Operator::Later),
    ("=", Operator::Equal),
    ("<", Operator::EarlierOrEqual),
    (">", Operator::LaterOrEqual),
];

/// What a field asks for: of each inner list one package.
pub fn parse(field: &str) -> Result<Vec<Vec<Relation>>> {
    // A comma at the end is no slip: programs write one.
    let clauses = field.split(',').filter(|clause| !clause.trim().is_empty());
    clauses.map(|clause| clause.split('|').map(Relation::parse).collect()).collect()
}

/// A clause as it is written.
pub fn written<'a>(alternatives: impl IntoIterator<Item = &'a Relation>) -> String {
    alternatives.into_iter().map(Relation::to_string).collect::<Vec<_>>().join(" | ")
}

/// Name of a package (Debian policy, 5.6.1); others than Debian have letters in upper case as well.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

impl Relation {
    fn parse(text: &str) -> Result<Relation> {
        let refuse = || Error::failed(format!("`{}` is no relation to a package", text.trim().escape_debug()));
        let begins_more = |c: char| c.is_whitespace() || "([<".contains(c);
        let (named, mut rest) = split(text.trim(), begins_more);
        let (name, qualifier) = named.split_once(':').map_or((named, None), |(name, behind)| (name, Some(behind)));
        if !is_name(name) || qualifier.is_some_and(|word| !is_name(word)) {
            return Err(refuse());
        }
        let mut relation = Relation {
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            version: None,
            architectures: Vec::new(),
            profiles: Vec::new(),
        };
        while !rest.trim_start().is_empty() {
            let (open, inner) = rest.trim_start().split_at_checked(1).ok_or_else(refuse)?;
            let close = match open {
                "(" => ')',
                "[" => ']',
                "<" => '>',
                _ => return Err(refuse()),
            };
            let (inner, behind) = inner.split_once(close).ok_or_else(refuse)?;
            let words = || inner.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            match open {
                "(" if relation.version.is_none() => relation.version = Some(bound(inner).ok_or_else(refuse)?),
                "[" if relation.architectures.is_empty() => relation.architectures = words(),
                "<" => relation.profiles.push(words()),
                _ => return Err(refuse()),
            }
            rest = behind;
        }
        Ok(relation)
    }

    /// Whether it counts on this architecture, where nothing is built.
    pub fn counts_on(&self, architecture: &str) -> bool {
        let named = |word: &str| {
            let wildcard = word.strip_prefix("any-").or_else(|| word.strip_prefix("linux-"));
            word == "any" || word == architecture || wildcard.is_some_and(|cpu| cpu == "any" || cpu == architecture)
        };
        let no = |word: &str| word.strip_prefix('!').is_some_and(named);
        let here = match self.architectures.first() {
            None => true,
            Some(first) if first.starts_with('!') => !self.architectures.iter().any(|word| no(word)),
            Some(_) => self.architectures.iter().any(|word| named(word)),
        };
        let in_profile = |list: &Vec<String>| list.iter().all(|word| word.starts_with('!'));
        here && (self.profiles.is_empty() || self.profiles.iter().any(in_profile))
    }

    /// Whether this version will do; none is what a package provides without saying which.
    pub fn takes(&self, offered: Option<&Version>) -> bool {
        let Some((operator, bound)) = &self.version else { return true };
        offered.is_some_and(|offered| match operator {
            Operator::Earlier => offered < bound,
            Operator::EarlierOrEqual => offered <= bound,
            Operator::Equal => offered == bound,
            Operator::LaterOrEqual => offered >= bound,
            Operator::Later => offered > bound,
        })
    }
}

fn split(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

/// `>= 1.2`
fn bound(text: &str) -> Option<(Operator, Version)> {
    let text = text.trim();
    let (sign, operator) = OPERATORS.into_iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((operator, text[sign.len()..].trim().parse().ok()?))
}

impl fmt::Display for Operator {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let sign = OPERATORS.iter().find(|(_, operator)| operator == self).map_or("", |(sign, _)| sign);
        out.write_str(sign)
    }
}

/// Without what it is bound to.
impl fmt::Display for Relation {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.name)?;
        self.qualifier.iter().try_for_each(|word| write!(out, ":{word}"))?;
        self.version.iter().try_for_each(|(operator, version)| write!(out, " ({operator} {version})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_is_clauses_of_alternatives() {
        let field = "libc6 (>= 2.34), python3:any(>=3~) | python,\n gawk [amd64 i386] <!nocheck> <a !b>, x (= 1:2-3) ,";
        let clauses = parse(field).unwrap();
        let texts: Vec<String> = clauses.iter().map(written).collect();
        assert_eq!(texts, ["libc6 (>= 2.34)", "python3:any (>= 3~) | python", "gawk", "x (= 1:2-3)"]);
        assert_eq!(clauses[1][0].qualifier.as_deref(), Some("any"));
        assert!(clauses[2][0].counts_on("amd64") && !clauses[2][0].counts_on("arm64"));
        assert_eq!(parse(" \n").unwrap(), Vec::<Vec<Relation>>::new());
    }

    #[test]
    fn what_a_relation_is_bound_to_decides_whether_it_counts() {
        let counts = |bounds: &str| parse(&format!("a {bounds}")).unwrap()[0][0].counts_on("arm64");
        for yes in ["", "[arm64]", "[any]", "[linux-any]", "[any-arm64]", "[!amd64 !i386]", "<!nocheck>", "<a> <!b !c>"]
        {
            assert!(counts(yes), "{yes}");
        }
        for no in ["[amd64]", "[!arm64]", "[!linux-any]", "[any-amd64]", "<stage1>", "<!a b>", "[arm64] <cross>"] {
            assert!(!counts(no), "{no}");
        }
    }

    #[test]
    fn a_bound_takes_the_versions_that_it_says() {
        let takes = |bound: &str, version: &str| {
            parse(&format!("a {bound}")).unwrap()[0][0].takes(version.parse().ok().as_ref())
        };
        let cases = [("<<", [true, false, false]), ("<", [true, true, false]), ("<=", [true, true, false])];
        let more = [
            ("=", [false, true, false]),
            (">", [false, true, true]),
            (">=", [false, true, true]),
            (">>", [false, false, true]),
        ];
        for (sign, expected) in cases.into_iter().chain(more) {
            let taken = ["1", "2-0", "3"].map(|version| takes(&format!("({sign} 2)"), version));
            assert_eq!(taken, expected, "{sign}");
        }
        assert!(!takes("(>= 2)", "") && takes("", ""));
    }

    #[test]
    fn what_is_no_relation_is_refused() {
        for bad in
            ["a b", "a (1)", "a (>= )", "a (>= 1", "a (>= 1) (<< 2)", "a [x] [y]", "-a", "a:", "a |", "| a", "a )", "ä"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_field_is_too_odd_to_be_read_or_refused(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_was_read_is_written_so_that_it_reads_the_same(
            text in "([a-z]{1,2}(:any|:)?( ?\\((>=|=|<|<<) ?[0-9:.~-]{1,4}\\))?( \\[!?[a-z-]{0,5}\\])?( <!?[a-z]{0,3}>)?[,| ]{0,2}){0,4}"
        ) {
            if let Ok(clauses) = parse(&text) {
                let again = clauses.iter().map(written).collect::<Vec<_>>().join(", ");
                let bare = |clauses: Vec<Vec<Relation>>| clauses.into_iter().flatten().map(|one| (one.name, one.qualifier, one.version)).collect::<Vec<_>>();
                prop_assert_eq!(bare(parse(&again).unwrap()), bare(clauses));
            }
        }
    }
}
