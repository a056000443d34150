//! Lines of a text that may be damaged, endless or no text at all, one at a time.

use std::io::{BufRead, Read};

use crate::error::{Context, Error, Result};

/// No tool writes a longer line; more of it is passed over.
const LONGEST: u64 = 64 * 1024;

/// Calls `each` with every line, its end taken off, and its number from 1. In constant memory.
pub fn for_each(mut text: impl BufRead, each: &mut dyn FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        text.by_ref().take(LONGEST).read_until(b'\n', &mut line).context(|| format!("read line {number}"))?;
        if line.is_empty() {
            break;
        }
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            skip_line(&mut text)?;
        }
        let line = trimmed(&line);
        match std::str::from_utf8(line) {
            Ok(line) => each(number, line)?,
            Err(_) => each(number, &String::from_utf8_lossy(line))?,
        }
    }
    Ok(())
}

/// A line without its end.
fn trimmed(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = line {
        line = rest;
    }
    line
}

fn skip_line(text: &mut impl BufRead) -> Result<()> {
    loop {
        let buffer = text.fill_buf().context(|| "read")?;
        let (length, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        text.consume(length);
        if ends {
            return Ok(());
        }
    }
}

/// The whole text, up to `most` bytes; what is no UTF-8 is replaced.
pub fn text(from: impl Read, most: u64) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes).context(|| "read")?;
    if bytes.len() as u64 > most {
        return Err(Error::failed(format!("it is larger than {} MB", most / 1_048_576)));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// What follows these words at the beginning of a line. Of many lines most begin otherwise, which their first byte tells.
#[inline]
pub fn behind<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    match line.as_bytes().first() == words.as_bytes().first() {
        true => line.strip_prefix(words),
        false => None,
    }
}

/// What follows `mark` in a line, up to the next white space.
pub fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.split_once(mark)?.1.split_whitespace().next()
}

/// A number as tools print it. Rust would also take `inf` and `nan`, which no measurement is.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for_each(text, &mut |number, line| {
            found.push((number, line.len()));
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn lines_are_numbered_and_endless_ones_cut() {
        assert_eq!(lines(b"ab\r\n\nc"), [(1, 2), (2, 0), (3, 1)]);
        let long = [vec![b'x'; 200_000], b"\nend\n".to_vec()].concat();
        assert_eq!(lines(&long), [(1, 65_536), (2, 3)]);
        assert_eq!(lines(b"\xff\xfe\n"), [(1, 6)]);
    }

    #[test]
    fn a_text_too_large_is_refused() {
        assert_eq!(text(&[b'x'; 9][..], 8).unwrap_err().to_string(), "it is larger than 0 MB");
    }
}
