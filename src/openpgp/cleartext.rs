//! A text and its signature in one file (RFC 9580, section 7).

/// Lines without the blanks at their ends, which no signature covers: in the file anybody could change them. A carriage
/// return alone ends a line for sqv and not for gpgv, so none is left. The last line need not end: in the file it does.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    text.split('\n').map(|line| line.trim_end_matches([' ', '\t']).to_owned()).collect()
}

/// A text as it is signed.
pub fn canonical(text: &str) -> String {
    lines(text).join("\r\n")
}

/// A text as it stands in the file, where no line of it may be taken for one that ends it.
pub fn escaped(text: &str) -> String {
    let escape = |line: &str| if line.starts_with('-') { "- " } else { "" };
    lines(text).iter().map(|line| format!("{}{line}\n", escape(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_has_no_blanks_at_the_ends_of_its_lines() {
        assert_eq!(canonical("a \t\n\n b\r\n"), "a\r\n\r\n b");
        assert_eq!(canonical("a\rb\r"), "a\r\nb");
        assert_eq!(canonical("a"), canonical("a\n"));
        assert_eq!(canonical("a\n\n"), "a\r\n");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn a_line_that_begins_with_a_dash_cannot_end_the_text() {
        assert_eq!(escaped("-----END\n - \n-"), "- -----END\n -\n- -\n");
        assert_eq!(escaped(""), "\n");
    }
}
