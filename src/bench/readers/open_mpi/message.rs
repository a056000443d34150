//! The messages of a text: Open MPI puts a line of dashes before and after each of its own.

/// How a line of dashes begins.
pub const RULE: &str = "--------------------";
/// No message is longer.
const LONGEST: usize = 30;
/// A name of the text is cut here before it is shown.
const SHOWN: usize = 120;

/// A line and what follows it, up to the next line of dashes.
pub struct Message<'a> {
    /// The number of its first line, from 1.
    pub at: usize,
    /// True for the first line behind a line of dashes that opens.
    pub opens: bool,
    lines: &'a [&'a str],
}

/// Where in a message the name of an object stands.
pub enum Pick {
    /// Behind this beginning of a line below: `Node: `.
    Field(&'static str),
    /// Behind a beginning of a line below, and behind the second text in it.
    Behind(&'static str, &'static str),
    /// The first line below that is indented.
    Below,
    /// Between two texts of the first line; an empty second one is its end.
    Line(&'static str, &'static str),
    /// Behind the last such text of the first line.
    Last(&'static str),
    /// As [`Pick::Line`] in the first paragraph, its lines joined.
    Told(&'static str, &'static str),
    /// The second where the first is not there.
    Either(&'static Pick, &'static Pick),
}

/// What stands behind `[1,0]<stderr>:`, which `--tag-output` puts before each line, and behind the NUL that ends a message of
/// Open MPI 5.
pub fn untagged(line: &str) -> &str {
    let line = line.trim_start_matches('\0');
    let tag = line.strip_prefix('[').and_then(|rest| rest.split_once(">:"));
    match tag {
        Some((tag, rest)) if tag.ends_with("<stderr") || tag.ends_with("<stdout") => rest,
        _ => line,
    }
}

pub fn messages<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = Message<'a>> {
    let mut inside = false;
    let mut opening = false;
    lines.iter().enumerate().filter_map(move |(index, line)| {
        let rule = line.starts_with(RULE);
        inside ^= rule;
        let opens = opening && !line.starts_with('[');
        opening = rule && inside;
        let rest = &lines[index..];
        let length = rest.iter().take(LONGEST).take_while(|line| !line.starts_with(RULE)).count();
        (!rule && !line.trim().is_empty()).then(|| Message { at: index + 1, opens, lines: &rest[..length] })
    })
}

impl Message<'_> {
    pub fn first(&self) -> &str {
        self.lines.first().copied().unwrap_or_default()
    }

    /// Its first paragraph with single spaces.
    pub fn paragraph(&self) -> String {
        let lines = self.lines.iter().take_while(|line| !line.trim().is_empty());
        lines.flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ")
    }
}

impl Pick {
    pub fn of(&self, message: &Message) -> Option<String> {
        let below = || message.lines.iter().skip(1);
        let field = |name| below().find_map(|line| line.trim().strip_prefix(name));
        let found = match self {
            Pick::Field(name) => field(*name).map(str::to_owned),
            Pick::Behind(name, mark) => field(*name).and_then(|rest| between(rest, mark, "")),
            Pick::Last(mark) => message.first().rsplit_once(mark).map(|(_, rest)| rest.to_owned()),
            Pick::Below => below().find(|line| line.starts_with(' ')).map(|line| (*line).to_owned()),
            Pick::Line(from, to) => between(message.first(), from, to),
            Pick::Told(from, to) => between(&message.paragraph(), from, to),
            Pick::Either(one, other) => return one.of(message).or_else(|| other.of(message)),
        };
        found.map(|name| name.trim().chars().take(SHOWN).collect()).filter(|name: &String| !name.is_empty())
    }
}

fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let (_, rest) = text.split_once(from)?;
    let found = if to.is_empty() { rest } else { rest.split_once(to)?.0 };
    Some(found.to_owned())
}
