//! What a unit is called.

use std::fmt;

use serde::Deserialize;

/// Name of a unit (systemd.unit(5)): no pattern, and no template without an instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UnitName(String);

impl UnitName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const KINDS: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

impl TryFrom<String> for UnitName {
    type Error = String;

    fn try_from(text: String) -> Result<UnitName, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || r":-_.\@".contains(c);
        let is_one = text.rsplit_once('.').is_some_and(|(name, kind)| {
            !name.is_empty() && !name.starts_with('-') && !name.ends_with('@') && KINDS.contains(&kind)
        });
        match is_one && text.len() < 256 && text.chars().all(plain) {
            true => Ok(UnitName(text)),
            false => Err(format!("`{}` is no name of a unit: `chrony.service` is one", text.escape_debug())),
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_named_whole_and_is_no_pattern() {
        for good in ["chrony.service", "getty@tty1.service", r"dev-disk-by\x2duuid-1.swap", "a.b.timer"] {
            assert!(UnitName::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ssh",
            "ssh*.service",
            "a b.service",
            "../x.service",
            "getty@.service",
            ".service",
            "--now.service",
            "x.conf",
        ] {
            assert!(UnitName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
