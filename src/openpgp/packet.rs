//! Packets, which keys and signatures are made of, and the numbers in them (RFC 9580, sections 3 and 4).

/// What a packet holds.
#[derive(Debug, Clone, Copy)]
pub enum Tag {
    Signature = 2,
    PublicKey = 6,
    UserId = 13,
}

/// What it is, how long it is, and itself.
pub fn packet(tag: Tag, body: &[u8]) -> Vec<u8> {
    [&[0b1100_0000 | tag as u8], length(body.len()).as_slice(), body].concat()
}

/// A length in one, two or five bytes: that of a packet, and that of a subpacket.
pub fn length(bytes: usize) -> Vec<u8> {
    match bytes {
        0..192 => vec![bytes as u8],
        192..8384 => {
            let over = bytes - 192;
            vec![192 + (over >> 8) as u8, over as u8]
        }
        _ => [&[255], (bytes as u32).to_be_bytes().as_slice()].concat(),
    }
}

/// A number of any size: how many bits it has, and its bytes from the first that is not zero.
pub fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| 8 * bytes.len() - first.leading_zeros() as usize);
    [(bits as u16).to_be_bytes().as_slice(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_begins_with_its_first_bit_that_is_set() {
        // Both examples of the RFC.
        assert_eq!(number(&[1]), [0, 1, 1]);
        assert_eq!(number(&[0x01, 0xff]), [0, 9, 0x01, 0xff]);
        assert_eq!(number(&[0, 0, 0x80, 0]), [0, 16, 0x80, 0]);
        assert_eq!(number(&[0, 0]), [0, 0]);
        assert_eq!(number(&[]), [0, 0]);
    }

    #[test]
    fn a_length_takes_as_many_bytes_as_it_needs() {
        // The examples of the RFC, and where one form ends and the next begins.
        assert_eq!(length(100), [0x64]);
        assert_eq!(length(1723), [0xc5, 0xfb]);
        assert_eq!(length(100_000), [0xff, 0x00, 0x01, 0x86, 0xa0]);
        assert_eq!(length(191), [191]);
        assert_eq!(length(192), [192, 0]);
        assert_eq!(length(8383), [223, 255]);
        assert_eq!(length(8384), [255, 0, 0, 0x20, 0xc0]);
    }
}
