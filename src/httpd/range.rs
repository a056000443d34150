//! The part of a body that a client asks for (RFC 9110, 14.1.2).

/// What `Range` comes to for a body of some length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// No range, several, or what is none: the body goes out as if nobody had asked for a part.
    Whole,
    /// From the first number on, as many bytes as the second.
    Bytes(u64, u64),
    /// The body ends before it.
    Beyond,
}

impl Part {
    /// `bytes=100-199`, `bytes=100-` or `bytes=-100`.
    pub fn parse(range: &str, length: u64) -> Part {
        let unit = range.get(..6).filter(|unit| unit.eq_ignore_ascii_case("bytes="));
        match unit.and_then(|_| range[6..].trim().split_once('-')) {
            Some((first, last)) => Part::between(first.trim(), last.trim(), length).unwrap_or(Part::Whole),
            None => Part::Whole,
        }
    }

    fn between(first: &str, last: &str, length: u64) -> Option<Part> {
        let (first, end) = match (first, last) {
            ("", last) => (length.saturating_sub(number(last)?), length),
            (first, "") => (number(first)?, length),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                (first, length.min(last.saturating_add(1)))
            }
        };
        Some(if first < end { Part::Bytes(first, end - first) } else { Part::Beyond })
    }
}

/// Digits and nothing else. A number too large for the type is larger than any file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_body() {
        for (range, part) in [
            ("bytes=0-0", Part::Bytes(0, 1)),
            ("bytes=2-4", Part::Bytes(2, 3)),
            ("Bytes=2-", Part::Bytes(2, 8)),
            ("bytes=-3", Part::Bytes(7, 3)),
            ("bytes=-30", Part::Bytes(0, 10)),
            ("bytes=9-99999999999999999999999", Part::Bytes(9, 1)),
            ("bytes=10-", Part::Beyond),
            ("bytes=10-12", Part::Beyond),
            ("bytes=99999999999999999999999-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
        ] {
            assert_eq!(Part::parse(range, 10), part, "{range}");
        }
        assert_eq!(Part::parse("bytes=0-", 0), Part::Beyond);
    }

    #[test]
    fn what_is_no_single_range_is_not_obeyed() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=4-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "lines=0-1",
            "bytes=a-b",
            "byteä=0-1",
        ] {
            assert_eq!(Part::parse(range, 10), Part::Whole, "{range}");
        }
    }
}
