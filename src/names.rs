//! Names and numbers of the network that cannot hold a bad value.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// Serde by way of the text form, so that a bad value is refused where it stands.
macro_rules! textual {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<$name, String> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
    };
}

/// Name of a network device, by the kernel's rules (`dev_valid_name`): 1 to 15 bytes, no `/`, no `:`, no space.
///
/// `%` is refused as well: the kernel would take `eth%d` as a template and choose another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IfName(String);
textual!(IfName);

impl IfName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the kernel's `isspace` takes for white space, Latin-1's no-break space included.
fn is_kernel_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0)
}

impl FromStr for IfName {
    type Err = String;
    fn from_str(text: &str) -> Result<IfName, String> {
        let refuse = |why: &str| Err(format!("`{}` is no device name: {why}", text.escape_debug()));
        match text {
            "" => refuse("it is empty"),
            _ if text.len() > 15 => refuse(&format!("{} bytes, the kernel takes 15", text.len())),
            "." | ".." | "all" | "default" => refuse("the kernel keeps it for itself"),
            _ if text.contains('/') => refuse("it contains `/`"),
            _ if text.contains(':') => refuse("it contains `:`"),
            _ if text.contains('%') => refuse("it contains `%`"),
            _ if text.contains('\0') => refuse("it contains a zero byte"),
            _ if text.bytes().any(is_kernel_space) => refuse("it contains white space"),
            _ => Ok(IfName(text.to_owned())),
        }
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Name of a network namespace of the lab: letters, digits, `-`, `_`, `.`; at most 60 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NsName(String);
textual!(NsName);

impl NsName {
    /// The namespace that plays the machine itself.
    pub fn host() -> NsName {
        NsName("host".to_owned())
    }

    pub fn is_host(&self) -> bool {
        self.0 == "host"
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NsName {
    type Err = String;
    fn from_str(text: &str) -> Result<NsName, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let refuse = |why: &str| Err(format!("`{}` is no namespace name: {why}", text.escape_debug()));
        match text.chars().next() {
            None => refuse("it is empty"),
            Some(first) if !first.is_ascii_alphanumeric() => refuse("it must begin with a letter or digit"),
            _ if !text.chars().all(allowed) => refuse("only letters, digits, `-`, `_` and `.` may stand in it"),
            _ if text.len() > 60 => refuse("it is longer than 60 bytes"),
            _ => Ok(NsName(text.to_owned())),
        }
    }
}

impl fmt::Display for NsName {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Name of a machine, as RFC 1123 has it and in lower case, since Kubernetes makes a node's name of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);
textual!(HostName);

impl HostName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;
    fn from_str(text: &str) -> Result<HostName, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_inside = (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-');
        match is_inside && text.chars().all(plain) {
            true => Ok(HostName(text.to_owned())),
            false => Err(format!("`{}` is no host name: letters in lower case, digits, `-`", text.escape_debug())),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A device in a namespace: `ns1/veth0`; without a slash, in the lab's host namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hop {
    pub ns: NsName,
    pub dev: IfName,
}
textual!(Hop);

impl FromStr for Hop {
    type Err = String;
    fn from_str(text: &str) -> Result<Hop, String> {
        Ok(match text.split_once('/') {
            Some((ns, dev)) => Hop { ns: ns.parse()?, dev: dev.parse()? },
            None => Hop { ns: NsName::host(), dev: text.parse()? },
        })
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.ns.is_host() {
            true => write!(out, "{}", self.dev),
            false => write!(out, "{}/{}", self.ns, self.dev),
        }
    }
}

/// An IP address without a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Addr(pub IpAddr);
textual!(Addr);

impl FromStr for Addr {
    type Err = String;
    fn from_str(text: &str) -> Result<Addr, String> {
        let address = text.split('/').next().unwrap_or_default();
        match (text.parse(), address.parse::<IpAddr>()) {
            (Ok(addr), _) => Ok(Addr(addr)),
            (Err(_), Ok(addr)) => {
                Err(format!("`{text}` has a prefix length, which does not belong here: write `{addr}`"))
            }
            (Err(_), Err(_)) => Err(format!("`{text}` is no IP address")),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// An address with the length of its network's prefix: `192.168.1.1/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    pub addr: IpAddr,
    pub prefix: u8,
}
textual!(Cidr);

impl Cidr {
    /// The network's bits of an address, left-aligned in 128 bits so that both families compare alike.
    fn bits(addr: IpAddr) -> u128 {
        match addr {
            IpAddr::V4(addr) => u128::from(addr.to_bits()) << 96,
            IpAddr::V6(addr) => addr.to_bits(),
        }
    }

    fn mask(prefix: u8) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
    }

    pub fn contains(&self, addr: IpAddr) -> bool {
        self.addr.is_ipv4() == addr.is_ipv4()
            && (Cidr::bits(self.addr) ^ Cidr::bits(addr)) & Cidr::mask(self.prefix) == 0
    }

    /// Whether any address is in both networks.
    pub fn overlaps(&self, other: &Cidr) -> bool {
        self.addr.is_ipv4() == other.addr.is_ipv4()
            && Cidr { prefix: self.prefix.min(other.prefix), ..*self }.contains(other.addr)
    }

    /// The network itself: `192.168.1.1/24` → `192.168.1.0/24`.
    pub fn network(&self) -> Cidr {
        Cidr { addr: self.nth_of_network(0), prefix: self.prefix }
    }

    /// The `n`th address of the network, counted from its first.
    fn nth_of_network(&self, n: u128) -> IpAddr {
        let first = Cidr::bits(self.addr) & Cidr::mask(self.prefix);
        match self.addr {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(((first >> 96) + n) as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(first + n)),
        }
    }

    /// The `n`th usable address with the network's prefix (1 is the first), or nothing when the network is full.
    pub fn host(&self, n: u32) -> Option<Cidr> {
        let free_bits = if self.addr.is_ipv4() { 32 } else { 128 } - u32::from(self.prefix);
        let last = 1u128.checked_shl(free_bits).map_or(u128::MAX, |size| size - 1);
        let usable = n >= 1 && u128::from(n) < last;
        usable.then(|| Cidr { addr: self.nth_of_network(u128::from(n)), prefix: self.prefix })
    }
}

impl FromStr for Cidr {
    type Err = String;
    fn from_str(text: &str) -> Result<Cidr, String> {
        let Some((addr, prefix)) = text.split_once('/') else {
            return Err(format!("`{text}` has no prefix length: write for example `{text}/24`"));
        };
        let addr: IpAddr = addr.parse().map_err(|_| format!("`{addr}` is no IP address"))?;
        let longest = if addr.is_ipv4() { 32 } else { 128 };
        match prefix.parse::<u8>() {
            Ok(prefix) if prefix <= longest => Ok(Cidr { addr, prefix }),
            _ => Err(format!("`/{prefix}` is no prefix length: 0 to {longest}")),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}", self.addr, self.prefix)
    }
}

/// VXLAN network identifier: 24 bits (RFC 7348).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Vni(u32);

impl TryFrom<u32> for Vni {
    type Error = String;
    fn try_from(number: u32) -> Result<Vni, String> {
        match number < 1 << 24 {
            true => Ok(Vni(number)),
            false => Err(format!("{number} is no VNI: it has 24 bits, at most 16777215")),
        }
    }
}

impl From<Vni> for u32 {
    fn from(vni: Vni) -> u32 {
        vni.0
    }
}

impl fmt::Display for Vni {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A device's MTU in bytes: 68 (RFC 791) to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Mtu(u32);

impl Mtu {
    pub const ETHERNET: Mtu = Mtu(1500);

    pub fn bytes(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Mtu {
    type Error = String;
    fn try_from(bytes: u32) -> Result<Mtu, String> {
        match (68..=65535).contains(&bytes) {
            true => Ok(Mtu(bytes)),
            false => Err(format!("{bytes} is no MTU: 68 to 65535 bytes")),
        }
    }
}

impl From<Mtu> for u32 {
    fn from(mtu: Mtu) -> u32 {
        mtu.0
    }
}

/// An Ethernet address that follows from where the device is, so that captures of two runs are alike.
pub fn mac(lab: &str, ns: &NsName, dev: &IfName) -> [u8; 6] {
    let digest = crate::digest::sha256(format!("{lab}\0{ns}\0{dev}").as_bytes());
    // Bit 1 of the first byte: locally administered; bit 0 clear: one device, not a group.
    [0x02, digest[0], digest[1], digest[2], digest[3], digest[4]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_name_follows_the_kernels_rules() {
        for good in ["br0", "veth2-br", "a.b", "ä", "123456789012345"] {
            assert!(good.parse::<IfName>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "a:b", "eth%d", "1234567890123456", "all", "à\u{a0}"] {
            assert!(bad.parse::<IfName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_name_is_one_label_in_lower_case() {
        for good in ["a", "node01", "lab-master", &"x".repeat(63)] {
            assert!(good.parse::<HostName>().is_ok(), "{good}");
        }
        for bad in ["", "Node", "a.b", "-a", "a-", "a b", "a_b", &"x".repeat(64)] {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hop_without_a_slash_is_on_the_host() {
        assert_eq!("br1".parse::<Hop>().unwrap().to_string(), "br1");
        assert_eq!("ns1/veth0".parse::<Hop>().unwrap().to_string(), "ns1/veth0");
        assert!("ns1/a/b".parse::<Hop>().is_err());
    }

    #[test]
    fn networks_overlap_when_one_holds_the_other() {
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(cidr("10.1.1.1/24").overlaps(&cidr("10.1.0.0/16")));
        assert!(!cidr("10.1.1.1/24").overlaps(&cidr("10.1.2.1/24")));
        assert!(cidr("0.0.0.0/0").contains("8.8.8.8".parse().unwrap()));
        assert!(!cidr("0.0.0.0/0").contains("::1".parse().unwrap()));
        assert_eq!(cidr("10.1.1.9/24").network(), cidr("10.1.1.0/24"));
    }

    #[test]
    fn a_full_network_has_no_next_address() {
        let net: Cidr = "10.0.0.0/30".parse().unwrap();
        assert_eq!(net.host(2).unwrap().to_string(), "10.0.0.2/30");
        assert_eq!(net.host(3), None);
        assert_eq!(net.host(0), None);
    }

    #[test]
    fn a_bad_cidr_says_what_is_wrong() {
        assert_eq!(
            "10.0.0.1".parse::<Cidr>().unwrap_err(),
            "`10.0.0.1` has no prefix length: write for example `10.0.0.1/24`"
        );
        assert!("10.0.0.1/33".parse::<Cidr>().unwrap_err().contains("0 to 32"));
        assert!("10.0.0/24".parse::<Cidr>().unwrap_err().contains("no IP address"));
    }
}
