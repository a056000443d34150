//! Which input is best for HPL, from what the machines have and what a short run of hpcc measured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    facts::Facts,
    hostfile::of_ranks,
    hpcc,
    input::{Input, grid},
    job::Job,
    preflight::{self, Blas},
    shape::Shape,
};
use crate::{
    bench::host::Host,
    diagnosis::Hpl,
    error::{Error, Result},
    lab::Lab,
};

/// `bench.advise`: measures for some seconds, and advises an input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advise {
    pub job: Job,
    /// How long HPL may take; 60 unless given.
    #[serde(default = "minute")]
    pub seconds: u64,
    #[serde(default)]
    pub blas: Blas,
}

fn minute() -> u64 {
    60
}

/// An input, and what is expected of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Advice {
    pub n: u64,
    pub nb: u64,
    pub p: u64,
    pub q: u64,
    /// Seconds that HPL is expected to take.
    pub expected_s: f64,
    pub expected_gflops: f64,
}

/// What one host alone, and what all together are advised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Advised {
    pub together: Advice,
    pub alone: Advice,
    /// DGEMM of a rank while all compute, and alone.
    pub star_gflops: f64,
    pub single_gflops: f64,
    /// Between two ranks; zero where there is one.
    pub bandwidth_gb_s: f64,
}

/// N of the short run. hpcc measures DGEMM with a matrix that grows with it, and a smaller one is slower; what else it measures
/// is over in seconds.
const PROBE_N: u64 = 2000;
/// The same where HPL itself may take but seconds.
const HASTY_N: u64 = 1000;
const HASTY_S: u64 = 10;
const PROBE_LIMIT: Duration = Duration::from_secs(600);
/// Of the memory that is to be had: the tests beside HPL take their share, and so does MPI.
const FILL: f64 = 0.70;
/// Blocks of each column of ranks, at least, so that the last ones weigh little.
const BLOCKS: u64 = 8;
/// Doubles in a line of the cache.
const LINE: u64 = 8;
/// A tenth of a second says nothing.
const LEAST_N: u64 = 500;

impl Advise {
    fn probe_n(&self) -> u64 {
        if self.seconds < HASTY_S { HASTY_N } else { PROBE_N }
    }

    pub fn run(&self, lab: &mut Lab) -> Result<Advised> {
        self.job.check()?;
        if !(1..=86_400).contains(&self.seconds) {
            return Err(Error::usage(format!("seconds {} is out of range: 1 to 86400", self.seconds)));
        }
        if !lab.measures() {
            lab.plan(format!(
                "measure DGEMM and the network by hpcc with N = {}, and choose N for {} s of HPL",
                self.probe_n(),
                self.seconds
            ));
            return Ok(Advised::default());
        }
        lab.progress.doing("asks every host what it has");
        let facts = self.job.facts()?;
        let input = Input { n: Some(self.probe_n()), nb: Some(128), ..Input::default() };
        let (text, request) = input.text(self.job.ranks())?;
        preflight::check(&self.job.hosts, &facts, self.blas, &request)?;
        let shape = Shape::of(&self.job.hosts, &facts);
        let ended =
            hpcc::launch(&self.job, shape, &text, PROBE_LIMIT, "measures DGEMM and the network", &lab.progress)?;
        lab.raw("hpcc-probe", "txt", &ended.output.stdout)?;
        let reading = hpcc::read(&ended, &request)?;
        let value = |metric: &str| reading.value(metric).filter(|value| *value > 0.0);
        let none = || Error::failed("the short run of hpcc has no figure for DGEMM");
        let star = value("dgemm_star_gflops").ok_or_else(none)?;
        let single = value("dgemm_single_gflops").ok_or_else(none)?;
        let bandwidth = value("mpi_bandwidth_avg_gb_s");
        let model = Model { budget_s: self.seconds as f64, vector_bits: narrowest(&facts), bandwidth };
        let together = model.advise(u64::from(self.job.ranks()), star, memory_bytes(&self.job, &facts));
        let least = facts.iter().map(|fact| fact.memory_mb).min().unwrap_or(0) << 20;
        let alone = Model { bandwidth: None, ..model }.advise(1, single, least);
        lab.progress.line(&told("together", &together));
        lab.progress.line(&told("each alone", &alone));
        let break_even = Hpl {
            q: together.q as f64,
            dgemm_gflops: star,
            bandwidth_gb_s: bandwidth.unwrap_or(f64::INFINITY),
            ..Hpl::NONE
        };
        if together.p == 1 && together.q > 1 && (together.n as f64) < break_even.break_even_n() {
            lab.progress.line(&format!(
                "! below N = {:.0} one rank alone is faster than all: the cluster cannot win with this network",
                break_even.break_even_n()
            ));
        }
        Ok(Advised {
            together,
            alone,
            star_gflops: star,
            single_gflops: single,
            bandwidth_gb_s: bandwidth.unwrap_or_default(),
        })
    }
}

fn told(who: &str, advice: &Advice) -> String {
    let Advice { n, nb, p, q, expected_s, expected_gflops } = advice;
    format!(
        "advised   {who}: N = {n}, NB = {nb}, {p} × {q}; {expected_s:.1} s and {expected_gflops:.1} GFLOPS are expected"
    )
}

fn narrowest(facts: &[Facts]) -> u32 {
    facts.iter().map(|fact| fact.vector_bits).min().unwrap_or(128)
}

/// What all ranks may have together: as much for each as the poorest has.
fn memory_bytes(job: &Job, facts: &[Facts]) -> u64 {
    let placed = of_ranks(&job.hosts);
    let beside = |fact: &Facts| facts.iter().filter(|other| other.boot == fact.boot).count() as u64;
    let of_rank = |(host, fact): (&&Host, &Facts)| {
        // What containers of one machine have left is the same memory, unless each has a limit.
        let shared = (fact.memory_mb << 20) / beside(fact).max(1);
        ((fact.memory_mb << 20) / u64::from(host.slots.max(1))).min(shared)
    };
    placed.iter().zip(facts).map(of_rank).min().unwrap_or(0) * placed.len() as u64
}

/// What the choice follows from.
#[derive(Debug, Clone, Copy)]
struct Model {
    budget_s: f64,
    vector_bits: u32,
    /// GB/s between two ranks.
    bandwidth: Option<f64>,
}

impl Model {
    /// The largest N that memory and patience allow, in whole rows and columns of blocks.
    fn advise(self, ranks: u64, gflops: f64, memory: u64) -> Advice {
        let (p, q) = grid(u32::try_from(ranks).unwrap_or(u32::MAX));
        let of_memory = (FILL * memory as f64 / 8.0).sqrt() as u64;
        let block = self.block(of_memory, gflops);
        let hpl = |n: u64, nb: u64| Hpl {
            n: n as f64,
            nb: nb as f64,
            p: p as f64,
            q: q as f64,
            dgemm_gflops: gflops,
            bandwidth_gb_s: self.bandwidth.unwrap_or(f64::INFINITY),
        };
        let seconds = |n: u64, nb: u64| hpl(n, nb).compute_s() + hpl(n, nb).network_s();
        let (mut low, mut high) = (LEAST_N, of_memory.max(LEAST_N));
        while low < high {
            let middle = (low + high).div_ceil(2);
            if seconds(middle, block) > self.budget_s { high = middle - 1 } else { low = middle }
        }
        // Columns of ranks get a few blocks each, or one of them waits for the others. A block is an even number of lines.
        let nb = block.min((low / (BLOCKS * q)).max(16)) / (2 * LINE) * (2 * LINE);
        let unit = nb * p.max(1) * q / gcd(p.max(1), q);
        // Columns of whole blocks have a row's elements in few sets of the cache; of an odd number of lines, in all of them.
        let n = if low >= unit { low / unit * unit - LINE } else { low };
        let whole = hpl(n, nb);
        Advice { n, nb, p, q, expected_s: seconds(n, nb), expected_gflops: whole.gflops() }
    }

    /// As the BLAS likes them: the wider its vectors, the larger. A slow one has no likes.
    fn block(self, n: u64, gflops: f64) -> u64 {
        match self.vector_bits {
            _ if n < 3000 || gflops < 8.0 => 128,
            512 => 256,
            _ => 192,
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(budget_s: f64, bandwidth: Option<f64>) -> Model {
        Model { budget_s, vector_bits: 256, bandwidth }
    }

    #[test]
    fn memory_bounds_n_where_patience_does_not() {
        // The reference report's machines: three of 1 GiB, of which 700 MiB are to be had.
        let all = model(3600.0, Some(0.641)).advise(3, 43.0, 3 * (700 << 20));
        assert_eq!((all.n, all.nb, all.p, all.q), (13_816, 192, 1, 3));
        // Pods of 1 GiB.
        let pods = model(3600.0, Some(0.641)).advise(3, 43.0, 3 << 30);
        assert_eq!((pods.n, pods.nb), (16_696, 192));
        assert!((pods.expected_s - 28.0).abs() < 1.0 && (pods.expected_gflops - 111.0).abs() < 2.0, "{pods:?}");
    }

    #[test]
    fn patience_bounds_n_where_memory_does_not() {
        let all = model(10.0, Some(0.641)).advise(3, 43.0, 3 << 33);
        assert!(all.expected_s <= 10.0 && all.expected_s > 8.5, "{all:?}");
        let alone = model(10.0, None).advise(1, 43.0, 1 << 33);
        assert!(alone.n > 8000 && (alone.n + LINE).is_multiple_of(alone.nb) && alone.expected_s <= 10.0, "{alone:?}");
    }

    #[test]
    fn blocks_are_small_where_n_is() {
        let all = model(0.05, Some(3.0)).advise(3, 40.0, 1 << 30);
        assert!(all.n >= LEAST_N - 2 * all.nb && all.nb <= all.n / 20, "{all:?}");
        let slow = model(60.0, Some(1.0)).advise(3, 4.0, 1 << 32);
        assert_eq!(slow.nb, 128);
    }

    #[test]
    fn a_grid_of_rows_and_columns_gets_whole_ones_of_both() {
        let all = model(60.0, Some(1.0)).advise(6, 40.0, 6 << 30);
        assert_eq!((all.p, all.q), (2, 3));
        assert!((all.n + LINE).is_multiple_of(all.nb * 6), "{all:?}");
    }

    #[test]
    fn columns_are_an_odd_number_of_lines_of_the_cache() {
        for (budget_s, ranks, vector_bits) in [(0.5, 1, 256), (20.0, 1, 512), (60.0, 2, 256), (60.0, 3, 512)] {
            let advice = Model { vector_bits, ..model(budget_s, Some(1.0)) }.advise(ranks, 43.0, ranks << 30);
            assert!(advice.n.is_multiple_of(LINE) && advice.n / LINE % 2 == 1, "{advice:?}");
        }
    }
}
