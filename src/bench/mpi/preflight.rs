//! What is looked at before hpcc is begun, since it would run for minutes, or for ever, and not say.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{facts::Facts, hostfile::of_ranks, library::Library};
use crate::{
    bench::host::Host,
    bench::readers::Request,
    error::{Error, Result},
};

/// Which BLAS will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blas {
    /// One that is made for the CPU, and the same everywhere.
    #[default]
    Optimised,
    Any,
}

/// Bytes of an element of the matrix.
const ELEMENT: u64 = 8;
/// Of what a rank may have; beside the matrix hpcc keeps panels, and buffers of MPI.
const MOST_PERCENT: u64 = 95;
const MANY_PERCENT: u64 = 80;
/// Of a disk: twice what the session of a small job takes.
const ROOM_MB: u64 = 16;

/// An error where it cannot be, and warnings where it is not as it should be.
pub fn check(hosts: &[Host], facts: &[Facts], blas: Blas, request: &Request) -> Result<Vec<String>> {
    let placed = of_ranks(hosts);
    placed.iter().zip(facts).try_for_each(|(host, fact)| room(&host.name, fact.room_mb))?;
    let names = |is: &dyn Fn(&Facts) -> bool| {
        let found: BTreeSet<&str> =
            placed.iter().zip(facts).filter(|(_, fact)| is(fact)).map(|(host, _)| host.name.as_str()).collect();
        found.into_iter().collect::<Vec<_>>().join(", ")
    };
    let without = names(&|fact| fact.library.is_none());
    if !without.is_empty() {
        return Err(
            Error::failed(format!("there is no hpcc on {without}")).hint("apt-get install hpcc libopenblas0-serial")
        );
    }
    let mut warnings = Vec::new();
    let mut tell = |told: String, hint: &str| match blas {
        Blas::Optimised => Err(Error::failed(told).hint(hint)),
        Blas::Any => {
            warnings.push(told);
            Ok(())
        }
    };
    let reference = names(&|fact| fact.library.as_ref().is_some_and(Library::is_reference));
    if !reference.is_empty() {
        tell(
            format!("hpcc on {reference} computes with the reference BLAS, which takes about nine times as long"),
            "install libopenblas0-serial there, or in the image; `--set blas=any` runs it all the same",
        )?;
    }
    let all = named(facts, Library::name);
    if all.len() > 1 {
        tell(
            format!("the hosts compute with different libraries, and the slowest counts: {}", joined(all)),
            "install the same BLAS everywhere; `--set blas=any` runs it all the same",
        )?;
    }
    warnings.extend(mistaken(&placed, facts));
    warnings.extend(memory(hosts, facts, request)?);
    Ok(warnings)
}

/// Hosts whose CPU OpenBLAS does not know, by what it takes it for.
fn mistaken(placed: &[&Host], facts: &[Facts]) -> Vec<String> {
    let mut all: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (host, library) in placed.iter().zip(facts).filter_map(|(host, fact)| Some((host, fact.library.as_ref()?))) {
        let (Some(core), Some(better)) = (&library.core, &library.better) else { continue };
        let told = match library.asked() {
            Some(asked) => format!("takes the CPU, which it does not know, for a {core}: it is asked for {asked}"),
            None => format!("computes as on a {core}, as OPENBLAS_CORETYPE says: {better} would be faster"),
        };
        all.entry(told).or_default().insert(&host.name);
    }
    let line = |(told, names): (String, BTreeSet<&str>)| {
        format!("OpenBLAS on {} {told}", names.into_iter().collect::<Vec<_>>().join(", "))
    };
    all.into_iter().map(line).collect()
}

fn named(facts: &[Facts], name: impl Fn(&Library) -> String) -> BTreeSet<String> {
    facts.iter().filter_map(|fact| fact.library.as_ref()).map(name).collect()
}

fn joined(all: BTreeSet<String>) -> String {
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// mpirun, or its daemon, keeps its session among temporary files: without room there it does not end, or says nothing of it.
pub fn room(name: &str, mb: u64) -> Result<()> {
    match mb < ROOM_MB {
        true => Err(Error::failed(format!("{mb} MiB are left for temporary files on {name}, and MPI needs {ROOM_MB}"))
            .hint("make room there, or let TMPDIR name a directory on another disk")),
        false => Ok(()),
    }
}

/// Whether the matrix fits where its parts will be: hpcc would go on, and be killed, or swap for hours.
fn memory(hosts: &[Host], facts: &[Facts], request: &Request) -> Result<Option<String>> {
    let n = request.n.iter().copied().max().unwrap_or(0);
    let of_rank = (n.saturating_mul(n).saturating_mul(ELEMENT) / facts.len().max(1) as u64) >> 20;
    // Containers of one machine see the same memory; where each has a limit of its own, the narrowest counts.
    let mut machines: BTreeMap<&str, (u64, u64, &str)> = BTreeMap::new();
    let mut warning = None;
    for (host, fact) in of_ranks(hosts).into_iter().zip(facts) {
        let machine = machines.entry(&fact.boot).or_insert((0, 0, &host.name));
        machine.0 += of_rank;
        machine.1 = machine.1.max(fact.memory_mb);
        let (wanted, has) = (of_rank * u64::from(host.slots), fact.memory_mb);
        for (wanted, has, name) in [(wanted, has, host.name.as_str()), *machine] {
            let told = || format!("N = {n} needs {wanted} MiB on {name}, which has {has} MiB left");
            if wanted * 100 > has * MOST_PERCENT {
                let fits = (n as f64 * (0.7 * has as f64 / wanted as f64).sqrt()) as u64;
                return Err(Error::failed(told()).hint(format!("N = {fits} fits")));
            }
            if wanted * 100 > has * MANY_PERCENT {
                warning.get_or_insert_with(|| told() + ": little is left for the other tests of hpcc");
            }
        }
    }
    Ok(warning)
}

/// What is kept beside every figure, for whoever compares them.
pub fn provenance(facts: &[Facts]) -> BTreeMap<String, String> {
    let first = facts.first();
    let kernels = facts.iter().filter_map(|fact| fact.library.as_ref()?.kernels().map(str::to_owned)).collect();
    let least = |of: &dyn Fn(&Facts) -> u64| facts.iter().map(of).min().unwrap_or(0).to_string();
    BTreeMap::from([
        ("blas".to_owned(), joined(named(facts, Library::name))),
        ("blas_kernels".to_owned(), joined(kernels)),
        ("cpus".to_owned(), least(&|fact| fact.cpus as u64)),
        ("memory_mb".to_owned(), least(&|fact| fact.memory_mb)),
        ("where".to_owned(), first.map(|fact| fact.place.clone()).unwrap_or_default()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::tests::host;

    const OPEN: &str = "/usr/lib/x86_64-linux-gnu/openblas-serial/libblas.so.3";
    const SLOW: &str = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0";

    fn fact(boot: &str, blas: &str, memory_mb: u64) -> Facts {
        Facts { boot: boot.into(), library: Some(Library::of(blas)), memory_mb, room_mb: 1000, ..Facts::default() }
    }

    fn request(n: u64) -> Request {
        Request { n: vec![n], nb: vec![128], grids: vec![(1, 2)], threshold: 16.0 }
    }

    #[test]
    fn the_reference_blas_and_mixed_ones_are_refused_unless_any_will_do() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        let mixed = [fact("a", OPEN, 4000), fact("b", SLOW, 4000)];
        let said = check(&hosts, &mixed, Blas::Optimised, &request(1000)).unwrap_err().to_string();
        assert_eq!(said, "hpcc on node01 computes with the reference BLAS, which takes about nine times as long");
        let warnings = check(&hosts, &mixed, Blas::Any, &request(1000)).unwrap();
        assert!(warnings.len() == 2 && warnings[1].contains("blas/libblas.so.3.11.0, openblas-serial/libblas.so.3"));
        assert_eq!(
            check(&hosts, &[fact("a", OPEN, 4000), fact("b", OPEN, 4000)], Blas::Optimised, &request(1000)).unwrap(),
            [""; 0]
        );
        let absent = [fact("a", OPEN, 4000), Facts { library: None, ..fact("b", OPEN, 4000) }];
        let said = check(&hosts, &absent, Blas::Any, &request(1000)).unwrap_err().to_string();
        assert_eq!(said, "there is no hpcc on node01");
    }

    #[test]
    fn a_cpu_that_openblas_does_not_know_is_told_with_what_is_asked_for() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        let of = |better: Option<&str>, is_chosen| {
            let core = Some(if better.is_some() { "Prescott" } else { "SkylakeX" }.to_owned());
            let library = Library { core, better: better.map(str::to_owned), is_chosen, ..Library::of(OPEN) };
            Facts { library: Some(library), ..fact("a", OPEN, 4000) }
        };
        let warned = |facts: &[Facts]| check(&hosts, facts, Blas::Optimised, &request(1000)).unwrap();
        assert_eq!(warned(&[of(None, false), of(None, true)]), [""; 0]);
        let both = [of(Some("SkylakeX"), false), of(Some("SkylakeX"), false)];
        let told = "OpenBLAS on master, node01 takes the CPU, which it does not know, for a Prescott: it is asked for SkylakeX";
        assert_eq!(warned(&both), [told]);
        assert_eq!(provenance(&both)["blas_kernels"], "SkylakeX");
        let one = [of(None, false), of(Some("SkylakeX"), true)];
        let told = "OpenBLAS on node01 computes as on a Prescott, as OPENBLAS_CORETYPE says: SkylakeX would be faster";
        assert_eq!(warned(&one), [told]);
        assert_eq!(provenance(&one)["blas_kernels"], "Prescott, SkylakeX");
    }

    #[test]
    fn a_disk_without_room_is_refused() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        let full = [fact("a", OPEN, 4000), Facts { room_mb: 3, ..fact("b", OPEN, 4000) }];
        let said = check(&hosts, &full, Blas::Any, &request(1000)).unwrap_err().to_string();
        assert_eq!(said, "3 MiB are left for temporary files on node01, and MPI needs 16");
    }

    #[test]
    fn a_matrix_beyond_memory_is_refused_with_one_that_fits() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        let apart = [fact("a", OPEN, 1000), fact("b", OPEN, 1000)];
        // 8 × 16000² bytes are 1953 MiB, half of them on each.
        let error = check(&hosts, &apart, Blas::Optimised, &request(16_000)).unwrap_err();
        assert_eq!(error.to_string(), "N = 16000 needs 976 MiB on master, which has 1000 MiB left");
        assert_eq!(error.what_to_try(), Some("N = 13550 fits"));
        assert_eq!(check(&hosts, &apart, Blas::Optimised, &request(15_000)).unwrap().len(), 1);
        assert_eq!(check(&hosts, &apart, Blas::Optimised, &request(10_000)).unwrap(), [""; 0]);
        // On one machine both halves are taken from the same.
        let together = [fact("a", OPEN, 1000), fact("a", OPEN, 1000)];
        assert!(check(&hosts, &together, Blas::Optimised, &request(15_000)).is_err());
    }
}
