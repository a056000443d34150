//! Text from outside made fit to print: one line, no control characters, no longer than its place.

use crate::results::{Better, Metric};

/// On one line and without what steers a terminal or turns the direction of writing.
pub fn plain(text: &str) -> String {
    let spaced: String =
        text.chars().filter(|c| !is_steering(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_steering(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' | '\u{feff}')
}

/// A whole document without the characters that neither XML nor HTML allows.
pub fn printable(document: &str) -> String {
    document.chars().filter(|c| *c == '\n' || !steers(*c)).collect()
}

/// True for what neither a terminal nor a file of another program should be given.
pub fn steers(c: char) -> bool {
    c.is_control() || is_steering(c)
}

/// At most so many characters. What was cut out shows as `…`; both ends stay, for names of one family often differ
/// in their last word.
pub fn short(text: &str, most: usize) -> String {
    let text = plain(text);
    let length = text.chars().count();
    if length <= most {
        return text;
    }
    let tail = most / 2;
    let head: String = text.chars().take(most.saturating_sub(tail + 1)).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// Lower-case letters, digits and single hyphens: fit for a file name and for an id.
pub fn slug(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// `1 round`, `5 rounds`
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `more is better`
pub fn direction(metric: &Metric) -> &'static str {
    match metric.better {
        Better::More => "more is better",
        Better::Less => "less is better",
    }
}

/// `round trip, median (ms)`
pub fn metric_in_unit(metric: &Metric) -> String {
    format!("{} ({})", metric.title, metric.unit)
}

/// The first letter large, for the beginning of a sentence.
pub fn sentence_case(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal_or_add_a_line() {
        assert_eq!(plain("ve\u{1b}[31mth\n✓ forged\u{202e}"), "ve [31mth ✓ forged");
    }

    #[test]
    fn a_slug_leaves_nothing_that_a_path_could_use() {
        assert_eq!(slug("../Round trip, median"), "round-trip-median");
    }

    #[test]
    fn a_long_name_is_cut_and_says_so() {
        assert_eq!(short("a container on node 12", 15), "a conta…node 12");
        assert_eq!(short("veth", 12), "veth");
    }
}
