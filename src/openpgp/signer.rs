//! Who signs an archive: a key, and the name it goes by.

use super::{
    armor::armor,
    cleartext::{canonical, escaped},
    key::{CREATED, Key},
    packet::{Tag, packet},
    signature::{About, Said, say},
};
use crate::encoding::hex;

/// May vouch for keys, and sign: what the one key of its holder must do.
const CERTIFY_AND_SIGN: u8 = 0x03;

/// A key that signs, and its user id.
pub struct Signer {
    key: Key,
    user_id: String,
}

impl Signer {
    /// When each key and its signature over itself were made, in seconds since 1970. A signature made then as well is
    /// believed by every clock; sqv refuses one from a clock's future.
    pub const CREATED: u32 = CREATED;

    /// The key that these 32 bytes are, under a user id such as `labkit bundle`.
    pub fn from_seed(seed: &[u8; 32], user_id: &str) -> Signer {
        Signer { key: Key::from_seed(seed), user_id: user_id.to_owned() }
    }

    /// The public key, for a `Signed-By` of apt: it never expires, and the same seed and user id always give the same.
    pub fn public_key(&self) -> String {
        armor("PUBLIC KEY BLOCK", &self.certificate())
    }

    /// The packets of the public key: itself, its user id, and its signature over both.
    fn certificate(&self) -> Vec<u8> {
        let user_id = self.user_id.as_bytes();
        let length = (user_id.len() as u32).to_be_bytes();
        let signed = [&self.key.hashed(), [0xb4].as_slice(), &length, user_id].concat();
        let says = [say(Said::Flags, &[CERTIFY_AND_SIGN]), say(Said::Primary, &[1])].concat();
        [
            packet(Tag::PublicKey, &self.key.body()),
            packet(Tag::UserId, user_id),
            self.key.sign(About::UserId, &signed, CREATED, &says),
        ]
        .concat()
    }

    /// 40 hexadecimal digits in upper case.
    pub fn fingerprint(&self) -> String {
        hex(&self.key.fingerprint).to_uppercase()
    }

    /// The text with its signature, made at this time since 1970: an `InRelease` of apt. Blanks at the ends of lines
    /// are not signed, and so left out. gpgv reads no line of more than 19998 bytes.
    pub fn clear_sign(&self, text: &str, seconds: u32) -> String {
        let signature = self.key.sign(About::Text, canonical(text).as_bytes(), seconds, &[]);
        let (text, signature) = (escaped(text), armor("SIGNATURE", &signature));
        format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}{signature}")
    }

    /// The signature alone, made at this time since 1970: a `Release.gpg` of apt.
    pub fn sign_detached(&self, bytes: &[u8], seconds: u32) -> String {
        armor("SIGNATURE", &self.key.sign(About::Bytes, bytes, seconds, &[]))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        process::{Command, Output},
    };

    use tempfile::TempDir;

    use super::*;

    /// 21 November 2026.
    const THEN: u32 = 1_795_219_200;
    const NOW: &str = "2030-01-01";

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32], "labkit bundle")
    }

    /// A directory with the public key of `signer` in both forms, where gpgv and sqv are asked.
    struct Desk(TempDir);

    impl Desk {
        fn new() -> Desk {
            let desk = Desk(tempfile::tempdir().unwrap());
            desk.write("key.gpg", signer().certificate());
            desk.write("key.asc", signer().public_key());
            desk
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
            fs::write(self.0.path().join(name), bytes).unwrap();
        }

        /// A program's answer, where its clock says this.
        fn ask(&self, clock: &str, argv: &[&str]) -> Output {
            let mut command = Command::new("faketime");
            command.arg(clock).args(argv).current_dir(self.0.path());
            command.envs([("GNUPGHOME", "."), ("LC_ALL", "C"), ("TZ", "UTC")]).output().unwrap()
        }

        /// Whether gpgv and sqv believe the signature of these bytes.
        fn believe(&self, clock: &str, bytes: &[u8], signature: &str) -> [bool; 2] {
            self.write("Release", bytes);
            self.write("Release.gpg", signature);
            let gpgv = ["gpgv", "--keyring", "./key.gpg", "Release.gpg", "Release"];
            let sqv = ["sqv", "--keyring", "key.asc", "Release.gpg", "Release"];
            [&gpgv[..], &sqv[..]].map(|argv| self.ask(clock, argv).status.success())
        }

        /// The text in which gpgv believes, and whether sqv does. The sqv of Debian 12 knows nothing of such files,
        /// only that lines may be signed; so it is handed text and signature apart.
        fn read(&self, in_release: &str) -> (Option<String>, bool) {
            self.write("InRelease", in_release);
            let said = self.ask(NOW, &["gpgv", "--keyring", "./key.gpg", "--output", "-", "InRelease"]);
            let (head, signature) = in_release.split_once("\n-----BEGIN PGP SIGNATURE").unwrap();
            let text = head.split_once("\n\n").unwrap().1.replace("\n- ", "\n");
            let text = text.strip_prefix("- ").unwrap_or(&text);
            let signature = format!("-----BEGIN PGP SIGNATURE{signature}");
            let gpgv = said.status.success().then(|| String::from_utf8(said.stdout).unwrap());
            (gpgv, self.believe(NOW, text.as_bytes(), &signature)[1])
        }
    }

    #[test]
    fn the_key_is_the_same_each_time_and_gnupg_reads_in_it_what_is_meant() {
        let said = Desk::new().ask(NOW, &["gpg", "--show-keys", "--with-colons", "key.asc"]);
        let said = String::from_utf8(said.stdout).unwrap();
        let print = signer().fingerprint();
        // A key of 255 bits by algorithm 22, made in the first second, without an end; it certifies and signs.
        assert!(said.contains(&format!("pub:-:255:22:{}:1:::-:::scSC:", &print[24..])), "{said}");
        assert!(said.contains(&format!("fpr:::::::::{print}:")) && said.contains(":labkit bundle:"), "{said}");
        assert_eq!(signer().public_key(), signer().public_key());
        assert_eq!(signer().clear_sign("x", THEN), signer().clear_sign("x", THEN));
    }

    #[test]
    fn gpgv_and_sqv_read_the_text_that_was_signed() {
        let desk = Desk::new();
        for (text, read) in [
            ("Suite: labkit\nSHA256:\n 00 1 Packages\n", "Suite: labkit\nSHA256:\n 00 1 Packages\n"),
            ("", "\n"),
            ("\n", "\n"),
            ("\n\n a", "\n\n a\n"),
            ("no line feed at the end", "no line feed at the end\n"),
            ("one more\n\n", "one more\n\n"),
            ("blanks \nand tabs\t \n  \n", "blanks\nand tabs\n\n"),
            ("of\r\nDOS\r\n", "of\nDOS\n"),
            ("of\ra Mac", "of\na Mac\n"),
            ("- a\n--\n-\nFrom b\n", "- a\n--\n-\nFrom b\n"),
            ("-----BEGIN PGP MESSAGE-----\n", "-----BEGIN PGP MESSAGE-----\n"),
            ("blåbærsyltetøy\n", "blåbærsyltetøy\n"),
        ] {
            assert_eq!(desk.read(&signer().clear_sign(text, THEN)), (Some(read.to_owned()), true), "{text:?}");
        }
    }

    #[test]
    fn an_altered_text_is_believed_by_neither() {
        let desk = Desk::new();
        let signed = signer().clear_sign("Suite: labkit\n\nx\n", THEN);
        for (from, to) in
            [("labkit", "labkot"), ("\nx", "\n\nx"), ("\nx", ""), ("x\n", "x\ny\n"), ("Suite", "- Suites")]
        {
            let altered = signed.replacen(from, to, 1);
            assert!(altered != signed);
            assert_eq!(desk.read(&altered), (None, false), "{altered}");
        }
        let of_another = Signer::from_seed(&[8; 32], "labkit bundle").clear_sign("Suite: labkit\n", THEN);
        assert_eq!(desk.read(&of_another), (None, false));
    }

    #[test]
    fn gpgv_and_sqv_believe_a_signature_beside_any_bytes_and_not_beside_others() {
        let desk = Desk::new();
        for bytes in [b"".as_slice(), b"a\n", b"a \r\n\0\xff-", &[9; 100_000]] {
            let signature = signer().sign_detached(bytes, THEN);
            assert_eq!(desk.believe(NOW, bytes, &signature), [true; 2]);
            assert_eq!(desk.believe(NOW, &[bytes, b"\n"].concat(), &signature), [false; 2]);
        }
    }

    #[test]
    fn a_signature_whose_numbers_begin_with_zeros_is_believed() {
        let (desk, key) = (Desk::new(), signer().key);
        let sign = |text: &String| key.sign(About::Bytes, text.as_bytes(), THEN, &[]);
        // Both numbers of 32 bytes, and before each how many bits it has.
        let longest = (0..9).map(|n| sign(&n.to_string()).len()).max().unwrap();
        let bits = |packet: &[u8]| u16::from_be_bytes([packet[longest - 68], packet[longest - 67]]);
        for first in [true, false] {
            let text = (0..).map(|n| n.to_string()).find(|text| {
                let packet = sign(text);
                packet.len() == longest - 1 && (bits(&packet) <= 248) == first
            });
            let text = text.unwrap();
            assert_eq!(desk.believe(NOW, text.as_bytes(), &signer().sign_detached(text.as_bytes(), THEN)), [true; 2]);
        }
    }

    #[test]
    fn a_machine_in_the_year_2000_believes_what_was_signed_when_the_key_was_made() {
        let desk = Desk::new();
        let of = |seconds| signer().sign_detached(b"x", seconds);
        assert_eq!(desk.believe("2000-01-01", b"x", &of(Signer::CREATED)), [true; 2]);
        assert_eq!(desk.believe("1970-01-02", b"x", &of(0)), [true; 2]);
        assert_eq!(desk.believe("2000-01-01", b"x", &of(THEN)), [true, false]);
    }
}
