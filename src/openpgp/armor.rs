//! Packets as text (RFC 9580, section 6).

use crate::encoding::base64;

/// Bytes on a line: 64 characters.
const WIDTH: usize = 48;

/// Packets between their two lines, such as `-----BEGIN PGP SIGNATURE-----`, with the checksum that gpgv wants to be
/// right where there is one.
pub fn armor(kind: &str, packets: &[u8]) -> String {
    let lines: String = packets.chunks(WIDTH).map(|line| base64(line) + "\n").collect();
    let checksum = base64(&crc24(packets).to_be_bytes()[1..]);
    format!("-----BEGIN PGP {kind}-----\n\n{lines}={checksum}\n-----END PGP {kind}-----\n")
}

/// The remainder of 24 bits (section 6.1.1).
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xb7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| match crc >> 23 {
            0 => crc << 1,
            _ => crc << 1 ^ 0x186_4cfb,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_catalogues() {
        // CRC-24/OPENPGP over its check value.
        assert_eq!(crc24(b"123456789"), 0x21_cf02);
        assert_eq!(crc24(b""), 0xb7_04ce);
    }

    #[test]
    fn a_line_has_at_most_64_characters() {
        let text = armor("SIGNATURE", &[7; 100]);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [29, 0, 64, 64, 8, 5, 27]);
    }
}
