//! A signed archive of packages, as the files that an HTTP server gives out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{control::Control, relation::is_name, version::Version};
use crate::{
    clock,
    error::{Context, Error, Result},
    oci::Digest,
};

/// A package file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub control: Control,
    /// Of the blob that it is.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// What lies at a path of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveFile {
    Text(Vec<u8>),
    Package(Digest),
}

/// What it is called: `Suites: lab`, `Components: main`.
pub const SUITE: &str = "lab";
pub const COMPONENT: &str = "main";
/// What a list says of a package, and the package not of itself.
const LISTED: [&str; 7] = ["Filename", "Size", "MD5sum", "SHA1", "SHA256", "SHA512", "Status"];
/// Digits of a package's digest in its path: no two packages of one name meet.
const PREFIX: usize = 16;

/// The files by their paths: a list for each architecture, what vouches for the lists, and the packages. `date` is when
/// the archive was made (RFC 3339): a machine whose clock is before it refuses the archive. `sign` makes of a text the
/// same text, signed in clear (RFC 9580, section 7).
pub fn files(
    packages: &[Package],
    architectures: &[String],
    date: &str,
    sign: &dyn Fn(&str) -> String,
) -> Result<BTreeMap<String, ArchiveFile>> {
    let architectures: BTreeSet<&str> = architectures.iter().map(String::as_str).collect();
    let mut files = BTreeMap::new();
    let listed = packages.iter().map(|package| list(package, &architectures).context(|| called(package)));
    let listed: BTreeMap<Key, Listed> = unique(listed.collect::<Result<Vec<_>>>()?)?;
    let mut hashes = String::new();
    for architecture in &architectures {
        let belongs = |one: &&Listed| one.architecture == *architecture || one.architecture == "all";
        let text = listed.values().filter(belongs).map(|one| one.text.as_str()).collect::<Vec<_>>().join("\n");
        let (path, digest) = (format!("{COMPONENT}/binary-{architecture}"), Digest::of(text.as_bytes()));
        // One line for each list, in the order of the paths.
        let _ = writeln!(hashes, " {} {} {path}/Packages", digest.hex(), text.len());
        for name in ["Packages", &format!("by-hash/SHA256/{}", digest.hex())] {
            files.insert(format!("dists/{SUITE}/{path}/{name}"), ArchiveFile::Text(text.clone().into_bytes()));
        }
    }
    let release = release(&architectures, date, &hashes)?;
    files.insert(format!("dists/{SUITE}/InRelease"), ArchiveFile::Text(sign(&release).into_bytes()));
    files.insert(format!("dists/{SUITE}/Release"), ArchiveFile::Text(release.into_bytes()));
    files.extend(listed.into_values().map(|one| (one.path, ArchiveFile::Package(one.digest))));
    Ok(files)
}

/// Name, version and architecture: of what is the same in all three, apt would take either.
type Key = (String, String, String);

/// A package's paragraph in a list.
struct Listed {
    architecture: String,
    path: String,
    text: String,
    digest: Digest,
}

fn list(package: &Package, architectures: &BTreeSet<&str>) -> Result<(Key, Listed)> {
    let control = &package.control;
    let [name, version, architecture] =
        [control.required("Package")?, control.required("Version")?, control.required("Architecture")?];
    if !is_name(name) {
        return Err(Error::failed(format!("`{}` is no name of a package", name.escape_debug())));
    }
    if architecture != "all" && !architectures.contains(architecture) {
        return Err(Error::failed(format!("it is for `{}`, and the archive is not", architecture.escape_debug())));
    }
    let parsed: Version = version.parse().map_err(Error::failed)?;
    // Its name is ours to give: it comes from what was checked, and leads nowhere else.
    let file = format!("{name}_{}_{architecture}.deb", parsed.without_epoch());
    let path = format!("pool/{}/{file}", &package.digest.hex()[..PREFIX]);
    let listed = control.clone().without(&LISTED);
    let listed = listed.with("Filename", &path).with("Size", &package.size.to_string());
    let text = listed.with("SHA256", package.digest.hex()).to_string();
    let key = (name.to_owned(), version.to_owned(), architecture.to_owned());
    Ok((key, Listed { architecture: architecture.to_owned(), path, text, digest: package.digest.clone() }))
}

fn unique(listed: Vec<(Key, Listed)>) -> Result<BTreeMap<Key, Listed>> {
    let mut unique: BTreeMap<Key, Listed> = BTreeMap::new();
    for (key, one) in listed {
        if unique.get(&key).is_some_and(|other| other.digest != one.digest) {
            let (name, version, architecture) = key;
            return Err(Error::failed(format!(
                "there are two packages {name} {version} {architecture}, and they differ"
            )));
        }
        unique.insert(key, one);
    }
    Ok(unique)
}

/// It says of no time when it becomes invalid: a lab may be built years later.
fn release(architectures: &BTreeSet<&str>, date: &str, hashes: &str) -> Result<String> {
    let date = clock::rfc5322(date).ok_or_else(|| Error::usage(format!("`{}` is no date", date.escape_debug())))?;
    let architectures = architectures.iter().copied().collect::<Vec<_>>().join(" ");
    Ok(format!(
        "Origin: labkit\nLabel: labkit\nSuite: {SUITE}\nCodename: {SUITE}\nDate: {date}\nAcquire-By-Hash: yes\n\
         Architectures: {architectures}\nComponents: {COMPONENT}\nSHA256:\n{hashes}"
    ))
}

fn called(package: &Package) -> String {
    let name = package.control.field("Package").unwrap_or("?");
    format!("package `{}` ({})", name.escape_debug(), package.digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "2026-11-22T14:05:09.123Z";

    fn package(head: &str, more: &str) -> Package {
        let words: Vec<&str> = head.split(' ').collect();
        let text = format!("Package: {}\nVersion: {}\nArchitecture: {}\n{more}", words[0], words[1], words[2]);
        Package {
            control: Control::parse(&text).unwrap(),
            digest: Digest::of(format!("{head}{more}").as_bytes()),
            size: 7,
        }
    }

    fn made(packages: &[Package]) -> Result<BTreeMap<String, ArchiveFile>> {
        files(packages, &["arm64".to_owned(), "amd64".to_owned()], DATE, &|text| format!("signed\n{text}"))
    }

    fn text<'a>(files: &'a BTreeMap<String, ArchiveFile>, path: &str) -> &'a str {
        match &files[path] {
            ArchiveFile::Text(text) => std::str::from_utf8(text).unwrap(),
            ArchiveFile::Package(digest) => panic!("{path} is {digest}"),
        }
    }

    #[test]
    fn each_architecture_has_its_list_and_the_packages_for_all() {
        let packages = [package("jq 1:1.6~rc1-2 arm64", "Size: 9\nDescription: x\n y\n"), package("doc 1 all", "")];
        let files = made(&packages).unwrap();
        let [jq, doc] = packages.each_ref().map(|package| package.digest.hex());
        let doc_text = format!(
            "Package: doc\nVersion: 1\nArchitecture: all\nFilename: pool/{}/doc_1_all.deb\nSize: 7\nSHA256: {doc}\n",
            &doc[..16]
        );
        let jq_path = format!("pool/{}/jq_1.6~rc1-2_arm64.deb", &jq[..16]);
        let jq_text = format!(
            "Package: jq\nVersion: 1:1.6~rc1-2\nArchitecture: arm64\nDescription: x\n y\nFilename: {jq_path}\nSize: 7\nSHA256: {jq}\n"
        );
        assert_eq!(text(&files, "dists/lab/main/binary-amd64/Packages"), doc_text);
        assert_eq!(text(&files, "dists/lab/main/binary-arm64/Packages"), format!("{doc_text}\n{jq_text}"));
        assert_eq!(files[&jq_path], ArchiveFile::Package(packages[0].digest.clone()));
        let digest = Digest::of(doc_text.as_bytes());
        assert_eq!(text(&files, &format!("dists/lab/main/binary-amd64/by-hash/SHA256/{}", digest.hex())), doc_text);
        let release = text(&files, "dists/lab/Release");
        assert!(release.starts_with(
            "Origin: labkit\nLabel: labkit\nSuite: lab\nCodename: lab\nDate: Sun, 22 Nov 2026 14:05:09 UTC\n"
        ));
        assert!(release.contains(&format!(
            "\nSHA256:\n {} {} main/binary-amd64/Packages\n ",
            digest.hex(),
            doc_text.len()
        )));
        assert_eq!(text(&files, "dists/lab/InRelease"), format!("signed\n{release}"));
        assert_eq!(files.len(), 8);
    }

    #[test]
    fn the_order_of_the_packages_does_not_count() {
        let mut packages = vec![package("b 1 all", ""), package("a 2 amd64", ""), package("a 1 amd64", "")];
        let first = made(&packages).unwrap();
        packages.reverse();
        packages.push(packages[0].clone());
        assert_eq!(made(&packages).unwrap(), first);
    }

    #[test]
    fn what_cannot_be_listed_is_refused() {
        let refused = |packages: &[Package]| made(packages).unwrap_err().to_string();
        assert!(refused(&[package("a 1 all", ""), package("a 1 all", "X: y\n")]).contains("two packages a 1 all"));
        assert!(refused(&[package("a 1 riscv64", "")]).contains("it is for `riscv64`, and the archive is not"));
        assert!(refused(&[package("../a 1 all", "")]).contains("`../a` is no name"));
        assert!(refused(&[package("a 1/../2 all", "")]).contains("no version"));
        assert!(files(&[], &[], "yesterday", &|text| text.to_owned()).is_err());
    }
}
