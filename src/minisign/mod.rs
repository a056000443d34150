//! Signatures as minisign makes and reads them (https://jedisct1.github.io/minisign/).

mod key_id;
mod lines;
mod public_key;
mod secret_key;
mod signature;

pub use public_key::PublicKey;
pub use secret_key::SecretKey;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        process::{Command, Output, Stdio},
    };

    use tempfile::TempDir;

    use super::*;

    const MESSAGES: [&[u8]; 4] = [b"", b"x", b"- line\r\n\0\xff", &[7; 70_000]];

    /// A directory in which the real minisign works.
    struct Desk(TempDir);

    impl Desk {
        fn new() -> Desk {
            Desk(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
            fs::write(self.0.path().join(name), bytes).unwrap();
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.0.path().join(name)).unwrap()
        }

        fn minisign(&self, arguments: &str) -> Output {
            let mut command = Command::new("minisign");
            command.args(arguments.split(' ')).current_dir(self.0.path()).stdin(Stdio::null()).output().unwrap()
        }

        fn do_minisign(&self, arguments: &str) {
            let said = self.minisign(arguments);
            assert!(said.status.success(), "{arguments}: {}", String::from_utf8_lossy(&said.stderr));
        }
    }

    fn key() -> SecretKey {
        SecretKey::new([3; 32], *b"\x1f\xe8\xb4\x42\x18\x0f\x62\xe7")
    }

    #[test]
    fn minisign_believes_our_signature_and_no_altered_one() {
        let desk = Desk::new();
        desk.write("key.pub", key().public().text());
        for (message, comment) in MESSAGES.into_iter().zip(["bundle 1", "", "timestamp:1\tfile:x", "blåbær"]) {
            let signature = key().sign(message, comment).unwrap();
            desk.write("m", message);
            desk.write("m.minisig", &signature);
            let said = desk.minisign("-V -H -p key.pub -m m -Q");
            assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{comment}\n"));
            assert!(said.status.success());

            desk.write("m.minisig", signature.replace("\ntrusted comment: ", "\ntrusted comment: x"));
            assert!(!desk.minisign("-V -p key.pub -m m").status.success());
            desk.write("m.minisig", signature);
            desk.write("m", [message, b"x"].concat());
            assert!(!desk.minisign("-V -p key.pub -m m").status.success());
        }
    }

    #[test]
    fn we_believe_signatures_of_minisign_and_no_altered_ones() {
        let desk = Desk::new();
        desk.do_minisign("-G -W -p key.pub -s key");
        let file = desk.read("key.pub");
        let public = PublicKey::parse(&file).unwrap();
        assert_eq!(PublicKey::parse(file.lines().nth(1).unwrap()).unwrap(), public);
        assert_eq!(public.text(), file);
        for (message, options) in MESSAGES.into_iter().flat_map(|message| [(message, "-S"), (message, "-S -l")]) {
            desk.write("m", message);
            desk.do_minisign(&format!("{options} -s key -m m -t bundle"));
            let signature = desk.read("m.minisig");
            assert_eq!(public.verify(message, &signature).unwrap(), "bundle");
            assert_eq!(public.verify(message, &signature.replace('\n', "\r\n")).unwrap(), "bundle");

            let altered = public.verify(&[message, b"\n"].concat(), &signature).unwrap_err().to_string();
            assert!(altered.ends_with("did not sign this: the message or its signature was altered"), "{altered}");
            let altered = public.verify(message, &signature.replace("bundle", "bundles")).unwrap_err().to_string();
            assert!(altered.ends_with("did not sign this trusted comment: it was altered"), "{altered}");
        }
    }

    #[test]
    fn we_sign_by_a_key_of_minisign_and_minisign_by_ours() {
        let desk = Desk::new();
        desk.write("m", "x");
        desk.do_minisign("-G -W -p key.pub -s key");
        desk.write("m.minisig", SecretKey::parse(&desk.read("key")).unwrap().sign(b"x", "by labkit").unwrap());
        desk.do_minisign("-V -p key.pub -m m");

        desk.write("key", key().text());
        desk.do_minisign("-S -s key -m m -t theirs");
        assert_eq!(key().public().verify(b"x", &desk.read("m.minisig")).unwrap(), "theirs");
    }

    #[test]
    fn minisign_finds_in_our_secret_key_the_public_one_by_the_same_name() {
        let desk = Desk::new();
        // Names that begin with zeros as well, and one that is nothing else.
        for id in
            [*b"\x1f\xe8\xb4\x42\x18\x0f\x62\xe7", [0xab, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0x0b], [0; 8]]
        {
            let key = SecretKey::new([4; 32], id);
            desk.write("key", key.text());
            desk.do_minisign("-R -f -s key -p key.pub");
            assert_eq!(desk.read("key.pub"), key.public().text());
            assert_eq!(SecretKey::parse(&key.text()).unwrap().text(), key.text());
        }
    }
}
