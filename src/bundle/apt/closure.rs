//! Is everything there that the wanted packages need, so that apt can install them from the bundle alone?

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    control::Control,
    relation::{self, Relation},
    version::Version,
};
use crate::error::Result;

/// What a package of the bundle is called, here or in what it provides.
struct Offer {
    package: usize,
    /// None where it provides the name without a version.
    version: Option<Version>,
    is_own_name: bool,
}

struct Package<'a> {
    name: &'a str,
    /// Whether it serves the packages of every architecture: `python3:any` asks for that.
    is_for_any: bool,
    /// What it needs; the reason why that cannot be told.
    needs: Result<Vec<Vec<Relation>>>,
}

/// The packages of one architecture.
struct Packages<'a> {
    architecture: &'a str,
    all: Vec<Package<'a>>,
    offers: BTreeMap<String, Vec<Offer>>,
}

/// What the wanted packages (`jq`, `kubeadm=1.32.1-1.1`) lack in a bundle of these packages, in words; nothing where
/// they can be installed on a machine of the architecture that has none of them.
///
/// Of alternatives one must be there with all that it needs in its turn. Conflicts are not looked at, and what a package
/// silently expects of the essential ones is no need.
pub fn missing(controls: &[Control], wanted: &[String], architecture: &str) -> Vec<String> {
    let packages = Packages::of(controls, architecture);
    let broken = packages.broken();
    let mut findings = Vec::new();
    for wanted in wanted {
        match packages.find(wanted) {
            Ok(found) => packages.explain(found, &broken, |why| findings.push(format!("wanted {wanted}: {why}"))),
            Err(why) => findings.push(format!("wanted {wanted}: {why}")),
        }
    }
    findings
}

impl<'a> Packages<'a> {
    fn of(controls: &'a [Control], architecture: &'a str) -> Packages<'a> {
        let mut packages = Packages { architecture, all: Vec::new(), offers: BTreeMap::new() };
        let fits =
            |control: &&Control| control.field("Architecture").is_some_and(|one| one == architecture || one == "all");
        controls.iter().filter(fits).for_each(|control| packages.add(control));
        packages
    }

    fn add(&mut self, control: &'a Control) {
        let field = |name| control.field(name).unwrap_or_default();
        let package = self.all.len();
        let name = field("Package");
        let provided = relation::parse(field("Provides"));
        let mut offer = |name: &str, version, is_own_name| {
            self.offers.entry(name.to_owned()).or_default().push(Offer { package, version, is_own_name });
        };
        offer(name, field("Version").parse().ok(), true);
        for relation in provided.iter().flatten().flatten() {
            offer(&relation.name, relation.version.as_ref().map(|(_, version)| version.clone()), false);
        }
        let needs = |name| relation::parse(field(name));
        let needs = needs("Pre-Depends").and_then(|before| Ok([before, needs("Depends")?].concat()));
        self.all.push(Package { name, is_for_any: field("Multi-Arch") == "allowed", needs: provided.and(needs) });
    }

    fn offers(&self, name: &str) -> &[Offer] {
        self.offers.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a package needs: of each clause the alternatives that count on this architecture.
    fn needs(&self, package: usize) -> Vec<Vec<&Relation>> {
        let clauses = self.all[package].needs.iter().flatten();
        let counting =
            clauses.map(|clause| clause.iter().filter(|relation| relation.counts_on(self.architecture)).collect());
        counting.filter(|clause: &Vec<&Relation>| !clause.is_empty()).collect()
    }

    /// Packages that an alternative takes.
    fn taken(&self, relation: &Relation) -> impl Iterator<Item = usize> {
        let serves = |package: &Package| match relation.qualifier.as_deref() {
            None | Some("native") => true,
            Some("any") => package.is_for_any,
            Some(other) => other == self.architecture,
        };
        let takes = move |offer: &&Offer| relation.takes(offer.version.as_ref()) && serves(&self.all[offer.package]);
        self.offers(&relation.name).iter().filter(takes).map(|offer| offer.package)
    }

    /// For each package whether something lacks of it, or of what it needs. Packages that need each other are whole
    /// unless one of them lacks something else, so all are until the contrary is shown.
    fn broken(&self) -> Vec<bool> {
        let takers = |clause: Vec<&Relation>| clause.into_iter().flat_map(|one| self.taken(one)).collect::<Vec<_>>();
        let needs: Vec<Vec<Vec<usize>>> =
            (0..self.all.len()).map(|package| self.needs(package).into_iter().map(takers).collect()).collect();
        let mut broken: Vec<bool> = self.all.iter().map(|package| package.needs.is_err()).collect();
        loop {
            let lacks = |clause: &Vec<usize>| clause.iter().all(|package| broken[*package]);
            let new = (0..needs.len()).filter(|package| !broken[*package] && needs[*package].iter().any(lacks));
            let new: Vec<usize> = new.collect();
            if new.is_empty() {
                return broken;
            }
            new.into_iter().for_each(|package| broken[package] = true);
        }
    }

    /// The package that apt would take: the version that is asked for, or the latest.
    fn find(&self, wanted: &str) -> std::result::Result<usize, String> {
        let (name, version) = wanted.split_once('=').map_or((wanted, None), |(name, version)| (name, Some(version)));
        let own = || self.offers(name).iter().filter(|offer| offer.is_own_name);
        let version = version.map(str::parse::<Version>).transpose()?;
        let fits = |offer: &&Offer| version.is_none() || offer.version == version;
        match own().filter(fits).max_by_key(|offer| &offer.version) {
            Some(offer) => Ok(offer.package),
            None => Err(format!("it is not in the bundle{}", self.others(&[name]))),
        }
    }

    /// Tells what lacks to make a package whole, each lack once, the nearest first.
    fn explain(&self, package: usize, broken: &[bool], mut tell: impl FnMut(String)) {
        let mut seen = BTreeSet::from([package]);
        let mut next = VecDeque::from([package]);
        while let Some(package) = next.pop_front().filter(|_| broken[package]) {
            let name = self.all[package].name;
            if let Err(why) = &self.all[package].needs {
                tell(format!("{name}: {why}"));
            }
            for clause in self.needs(package) {
                let takers: Vec<usize> = clause.iter().flat_map(|one| self.taken(one)).collect();
                if takers.is_empty() {
                    let names: Vec<&str> = clause.iter().map(|one| one.name.as_str()).collect();
                    let asked = relation::written(clause);
                    tell(format!("{name} needs {asked}, which is not in the bundle{}", self.others(&names)));
                } else if takers.iter().all(|taker| broken[*taker]) {
                    next.extend(takers.into_iter().filter(|taker| seen.insert(*taker)));
                }
            }
        }
    }

    /// What the bundle has under these names, in brackets; nothing where it has nothing.
    fn others(&self, names: &[&str]) -> String {
        let offers = names.iter().flat_map(|name| self.offers(name).iter().map(move |offer| (name, offer)));
        let told = offers.map(|(name, offer)| match (&offer.version, offer.is_own_name) {
            (Some(version), true) => format!("there is {name} {version}"),
            (Some(version), false) => format!("{} provides {name} {version}", self.all[offer.package].name),
            (None, _) => format!("{} provides {name}", self.all[offer.package].name),
        });
        match told.collect::<BTreeSet<String>>() {
            none if none.is_empty() => String::new(),
            told => format!(" ({})", told.into_iter().collect::<Vec<_>>().join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `jq 1.6 amd64; Depends: libjq1`
    fn controls(packages: &[&str]) -> Vec<Control> {
        let control = |text: &&str| {
            let mut parts = text.split("; ");
            let head: Vec<&str> = parts.next().unwrap().split(' ').collect();
            let more: String = parts.map(|field| format!("{field}\n")).collect();
            let text = format!("Package: {}\nVersion: {}\nArchitecture: {}\n{more}", head[0], head[1], head[2]);
            Control::parse(&text).unwrap()
        };
        packages.iter().map(control).collect()
    }

    fn lacks(packages: &[&str], wanted: &[&str]) -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|word| word.to_string()).collect();
        missing(&controls(packages), &wanted, "amd64")
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let packages = [
            "x 1 amd64; Depends: y",
            "y 1 all; Pre-Depends: z (>= 1.2) | zz",
            "z 1.0 amd64",
            "q 3 amd64; Provides: zz (= 1), w",
        ];
        assert_eq!(lacks(&packages, &["x"]), Vec::<String>::new());
        assert_eq!(
            lacks(&packages[..3], &["x", "z=1.1", "z=1.0-0", "nothing"]),
            [
                "wanted x: y needs z (>= 1.2) | zz, which is not in the bundle (there is z 1.0)",
                "wanted z=1.1: it is not in the bundle (there is z 1.0)",
                "wanted nothing: it is not in the bundle",
            ]
        );
        let more = [&packages[..], &["a 1 all; Depends: zz (>> 1), w (= 1)"]].concat();
        assert_eq!(
            lacks(&more, &["a"]),
            [
                "wanted a: a needs zz (>> 1), which is not in the bundle (q provides zz 1)",
                "wanted a: a needs w (= 1), which is not in the bundle (q provides w)",
            ]
        );
    }

    #[test]
    fn an_alternative_counts_only_with_all_that_it_needs() {
        let packages = ["x 1 all; Depends: a | b", "a 1 all; Depends: gone", "b 1 all; Depends: x"];
        assert_eq!(lacks(&packages, &["x"]), Vec::<String>::new());
        assert_eq!(lacks(&packages[..2], &["x"]), ["wanted x: a needs gone, which is not in the bundle"]);
    }

    #[test]
    fn a_package_for_another_architecture_is_not_there() {
        let packages = ["x 1 all; Depends: a, b [arm64], c:any, d:amd64", "a 1 arm64", "c 1 amd64", "d 1 all"];
        assert_eq!(
            lacks(&packages, &["x"]),
            [
                "wanted x: x needs a, which is not in the bundle",
                "wanted x: x needs c:any, which is not in the bundle (there is c 1)",
            ]
        );
        let packages = ["x 1 all; Depends: c:any", "c 1 amd64; Multi-Arch: allowed"];
        assert_eq!(lacks(&packages, &["x"]), Vec::<String>::new());
    }

    #[test]
    fn packages_that_need_each_other_are_whole() {
        let packages = ["x 1 all; Depends: y", "y 1 all; Depends: x, z", "z 1 all"];
        assert_eq!(lacks(&packages, &["x"]), Vec::<String>::new());
        assert_eq!(lacks(&packages[..2], &["x"]), ["wanted x: y needs z, which is not in the bundle"]);
    }

    #[test]
    fn of_several_versions_the_latest_is_looked_at_unless_one_is_named() {
        let packages = ["k 1.9 all", "k 1.10 all; Depends: gone", "x 1 all; Depends: k (= 1.9)"];
        assert_eq!(lacks(&packages, &["k=1.9", "x"]), Vec::<String>::new());
        assert_eq!(lacks(&packages, &["k"]), ["wanted k: k needs gone, which is not in the bundle"]);
    }

    #[test]
    fn a_field_that_nobody_can_read_is_told() {
        let packages = ["x 1 all; Depends: y", "y 1 all; Depends: a b"];
        assert_eq!(lacks(&packages, &["x"]), ["wanted x: y: `a b` is no relation to a package"]);
    }
}
