//! Causes that one run of hpcc shows, alone or beside others.

use super::{Finding, hpl_model::Hpl, taken::Taken};

type Cause = fn(&Taken, &[Taken]) -> Option<Finding>;

/// Every cause that is looked for in what may be believed.
pub const ALL: &[Cause] = &[reference_blas, cpu_overcommit, slow_network, small_matrix, uneven_blocks, idle_ranks];

fn finding(taken: &Taken, cause: &'static str, title: impl Into<String>, evidence: String) -> Finding {
    Finding {
        cause,
        run: taken.record.run.id.clone(),
        cases: vec![taken.reading.case.clone()],
        title: title.into(),
        evidence,
        remedy: None,
        factor: None,
    }
}

impl Finding {
    fn try_this(self, remedy: impl Into<String>) -> Finding {
        Finding { remedy: Some(remedy.into()), ..self }
    }

    fn costs(self, factor: Option<f64>) -> Finding {
        Finding { factor: factor.filter(|factor| factor.is_finite()), ..self }
    }
}

/// Three significant digits.
fn three(value: f64) -> String {
    crate::results::metric::significant(value, 3)
}

/// A text that may not be believed.
pub fn distrust(taken: &Taken) -> Option<Finding> {
    let reading = taken.reading;
    if reading.verdict.is_trusted() {
        return None;
    }
    let found = finding(taken, "not_a_result", format!("no result: {}", reading.verdict), reading.cause());
    Some(Finding { remedy: reading.remedy().map(str::to_owned), ..found })
}

/// Both are one rank's arithmetic, and no library but the BLAS is in DGEMM only. An optimised one does five to eight
/// times the FFT's rate, the reference BLAS about as much.
fn blas_by_fft(taken: &Taken) -> Option<f64> {
    let single = taken.value("dgemm_single_gflops")? / taken.value("fft_single_gflops")?;
    let star = taken.value("dgemm_star_gflops").zip(taken.value("fft_star_gflops")).map(|(dgemm, fft)| dgemm / fft);
    Some(star.map_or(single, |star| star.max(single)))
}

const OPTIMISED: f64 = 2.0;
/// How the file of the reference BLAS is called, in Debian and what comes of it.
const REFERENCE: &str = "blas/libblas";

fn reference_blas(taken: &Taken, all: &[Taken]) -> Option<Finding> {
    // Its file, where labkit itself ran it, and what the figures say.
    let recorded =
        taken.reading.provenance.get("blas").filter(|file| file.split(", ").any(|one| one.starts_with(REFERENCE)));
    let figures = taken.value("dgemm_single_gflops").zip(blas_by_fft(taken)).filter(|(_, ratio)| *ratio < OPTIMISED);
    let mut evidence = recorded.map(|file| format!("hpcc ran with `{file}`; ")).unwrap_or_default();
    match figures {
        Some((dgemm, ratio)) => {
            evidence += &format!(
                "DGEMM of one rank is {} GFLOPS, {} times its FFT; an optimised BLAS does 5 to 8 times",
                three(dgemm),
                three(ratio)
            );
        }
        None => drop(recorded.map(|_| evidence += "an optimised BLAS does about nine times as much")?),
    }
    let dgemm = figures.map(|(dgemm, _)| dgemm);
    let optimised = || all.iter().filter(|other| blas_by_fft(other).is_some_and(|ratio| ratio >= OPTIMISED));
    // With as many ranks the same share of the machine is busy with others.
    let alike = optimised().any(|other| other.ranks() == taken.ranks());
    let other = optimised().filter(|other| !alike || other.ranks() == taken.ranks());
    let other =
        other.filter_map(|other| Some((other, other.value("dgemm_single_gflops")?, other.value("fft_single_gflops")?)));
    let fastest = other.max_by(|one, other| one.1.total_cmp(&other.1));
    let own = dgemm.zip(taken.value("fft_single_gflops"));
    let factor = fastest.zip(own).map(|((other, faster, fft), (dgemm, own_fft))| {
        let (in_dgemm, in_fft) = (faster / dgemm, fft / own_fft);
        evidence += &format!(
            "; to {} it loses {} times in DGEMM and only {} times in FFT: a factor of {} is the library's",
            other.name_beside(taken),
            three(in_dgemm),
            three(in_fft),
            three(in_dgemm / in_fft)
        );
        in_dgemm / in_fft
    });
    if let Some((other, ..)) = fastest
        && let Some((own, its)) = taken.reading.facts.get("HPL_RnormI").zip(other.reading.facts.get("HPL_RnormI"))
        && own != its
        && taken.ranks() == other.ranks()
    {
        evidence += &format!("; the residual norms differ as well ({own}, {its}): another library or build");
    }
    let remedy = "install an optimised BLAS on every node and in every image, such as libopenblas0-serial; with \
                  libopenblas0-pthread set OPENBLAS_NUM_THREADS to the CPUs of a rank";
    Some(finding(taken, "reference_blas", "the reference BLAS", evidence).try_this(remedy).costs(factor))
}

/// While all ranks compute, each should do what one does alone.
fn cpu_overcommit(taken: &Taken, all: &[Taken]) -> Option<Finding> {
    let star = taken.value("dgemm_star_gflops").filter(|_| taken.ranks() > 1.0)?;
    let slow = |taken: &Taken| blas_by_fft(taken).map(|ratio| ratio < OPTIMISED);
    // Another run may be of a faster machine: only what was taken together shows what one rank could do.
    let together = |other: &&Taken| other.record.run.id == taken.record.run.id && other.place() == taken.place();
    let alike = all.iter().filter(together).filter(|other| slow(other) == slow(taken));
    let alone = alike.filter_map(|other| Some((other, other.value("dgemm_single_gflops")?)));
    let (other, single) = alone.max_by(|one, other| one.1.total_cmp(&other.1))?;
    let share = star / single;
    if share > 0.8 {
        return None;
    }
    let evidence = format!(
        "each of {} ranks does {} GFLOPS of DGEMM while all compute, {} does {} alone: {} of it",
        taken.ranks(),
        three(star),
        if std::ptr::eq(other.reading, taken.reading) { "one".to_owned() } else { other.name_beside(taken) },
        three(single),
        three(share)
    );
    let remedy = "give each rank a CPU of its own: fewer virtual CPUs in all than the host's cores, and no ranks beside \
                  the control plane";
    // All cores at once also run at a lower clock, and share their caches.
    let title =
        if share < 0.65 { "CPUs are overcommitted" } else { "CPUs are overcommitted, or slower when all are busy" };
    let found = finding(taken, "cpu_overcommit", title, evidence);
    Some(found.try_this(remedy).costs(Some(1.0 / share)))
}

fn model(taken: &Taken) -> Option<Hpl> {
    Some(Hpl {
        n: taken.number("HPL_N")?,
        nb: taken.number("HPL_NB")?,
        p: taken.number("HPL_nprow")?,
        q: taken.number("HPL_npcol")?,
        dgemm_gflops: taken.value("dgemm_star_gflops")?,
        bandwidth_gb_s: taken.value("mpi_bandwidth_avg_gb_s")?,
    })
}

fn slow_network(taken: &Taken, all: &[Taken]) -> Option<Finding> {
    let hpl = model(taken).filter(|hpl| hpl.p * hpl.q > 1.0)?;
    let share = (hpl.network_s() / taken.value("hpl_s")?).min(1.0);
    if share < 0.25 {
        return None;
    }
    let mut evidence =
        format!("{:.0} % of HPL's time is the network: {} MB/s", share * 100.0, three(hpl.bandwidth_gb_s * 1e3));
    if let Some(latency) = taken.value("mpi_latency_avg_us") {
        evidence += &format!(" and {} µs between two ranks", three(latency));
    }
    let best = all.iter().filter_map(|other| Some((other, other.value("mpi_bandwidth_avg_gb_s")?)));
    let best = best.max_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((other, bandwidth)) = best.filter(|(_, bandwidth)| *bandwidth > 2.0 * hpl.bandwidth_gb_s) {
        evidence +=
            &format!(", {} times less than {}", three(bandwidth / hpl.bandwidth_gb_s), other.name_beside(taken));
    }
    if hpl.p == 1.0 {
        evidence += &format!(
            "; the break-even N, below which one rank alone is faster, is {:.0}, N was {}",
            hpl.break_even_n(),
            hpl.n
        );
    }
    let remedy = "a larger N, since sending grows with N² and computing with N³; no encapsulation between nodes of one \
                  network; and a CPU for each rank, since two that share one make any network slow";
    let found = finding(taken, "network", "the network", evidence);
    Some(found.try_this(remedy).costs(Some(1.0 / (1.0 - share.min(0.99)))))
}

/// The share of memory that a matrix may fill.
const FILL: f64 = 0.7;

fn small_matrix(taken: &Taken, _: &[Taken]) -> Option<Finding> {
    let n = taken.number("HPL_N")?;
    // Ranks outside the grid have no part of the matrix.
    let grid = taken.number("HPL_nprow").zip(taken.number("HPL_npcol")).map(|(p, q)| p * q);
    let ranks = grid.unwrap_or(taken.ranks());
    let matrix_mb = 8.0 * n * n / 1e6 / ranks;
    let memory = taken.memory_mb().map(|mib| mib * 1.048_576);
    let is_small = memory.map_or(matrix_mb < 300.0, |memory| matrix_mb < 0.4 * memory);
    if !is_small || ranks == 1.0 {
        return None;
    }
    let mut evidence = format!("N = {n} is a matrix of {} MB for each of {ranks} ranks", three(matrix_mb));
    let mut factor = None;
    if let Some(memory) = memory {
        evidence += &format!(", {} % of its {:.0} MiB", three(100.0 * matrix_mb / memory), memory / 1.048_576);
        let fits = ((FILL * memory * 1e6 * ranks / 8.0).sqrt() / 100.0).floor() * 100.0;
        if let Some((hpl, now)) = model(taken).zip(taken.value("hpl_gflops")) {
            let large = Hpl { n: fits, ..hpl }.gflops() / hpl.gflops();
            evidence += &format!("; N = {fits} fits, and the model gives {} GFLOPS there", three(now * large));
            factor = Some(large);
        } else {
            evidence += &format!("; N = {fits} fits");
        }
    }
    let found = finding(taken, "small_matrix", "N is small", evidence);
    Some(found.try_this("the largest N that memory and patience allow").costs(factor))
}

/// What is not worth a change.
const EVEN: f64 = 1.05;
/// Block sizes that the BLAS likes, the largest first.
const BLOCKS: [f64; 7] = [256.0, 192.0, 128.0, 96.0, 64.0, 48.0, 32.0];

fn uneven_blocks(taken: &Taken, _: &[Taken]) -> Option<Finding> {
    let (n, nb) = (taken.number("HPL_N")?, taken.number("HPL_NB")?);
    let (p, q) = (taken.number("HPL_nprow")?, taken.number("HPL_npcol")?);
    let with = |nb| Hpl { n, nb, p, q, dgemm_gflops: 1.0, bandwidth_gb_s: 1.0 }.imbalance();
    let imbalance = with(nb);
    if imbalance < EVEN {
        return None;
    }
    let evidence = format!(
        "NB = {nb} gives one of {q} columns of ranks {:.1} % more than its share of N = {n}",
        (imbalance - 1.0) * 100.0
    );
    let found = finding(taken, "load_imbalance", "blocks are uneven", evidence).costs(Some(imbalance));
    let better = BLOCKS.iter().copied().filter(|block| *block < nb).find(|block| with(*block) < EVEN);
    Some(match better {
        Some(block) => {
            let left = (with(block) - 1.0) * 100.0;
            found.try_this(format!("NB = {block}, which leaves {left:.1} %, or a larger N"))
        }
        None => found.try_this("a larger N"),
    })
}

fn idle_ranks(taken: &Taken, _: &[Taken]) -> Option<Finding> {
    let (used, all) = (taken.number("HPLMaxProcs")?, taken.number("CommWorldProcs")?);
    (used < all).then(|| {
        let evidence = format!("HPL used {used} of {all} ranks: P × Q is smaller than np");
        finding(taken, "idle_ranks", "idle ranks", evidence)
            .try_this("P × Q = np in hpccinf.txt")
            .costs(Some(all / used))
    })
}
