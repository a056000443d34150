//! Percent-encoding (RFC 3986, 2.1) of what a client asks for.

/// The text behind the escapes; nothing where one is broken, or where it is no UTF-8 or holds NUL.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(plain).ok().filter(|plain| !plain.contains('\0'))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_bytes_of_utf_8() {
        assert_eq!(decode("/a%2Bb+c%c3%A4").as_deref(), Some("/a+b+cä"));
        assert_eq!(decode("/%2e%2E/x").as_deref(), Some("/../x"));
        for bad in ["%", "%2", "%zz", "%+1", "%ff", "a%00b", "%c3"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
