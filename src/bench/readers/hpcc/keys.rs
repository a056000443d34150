//! Where hpcc writes each figure: its key in the summary, and the line of its section.

use super::super::lines::behind;

/// A key of the summary, the metric it is, and the factor between their units (1 Tflop/s is 1000 GFLOPS).
pub const SUMMARY: &[(&str, &str, f64)] = &[
    ("HPL_Tflops", "hpl_gflops", 1e3),
    ("HPL_time", "hpl_s", 1.0),
    ("StarDGEMM_Gflops", "dgemm_star_gflops", 1.0),
    ("SingleDGEMM_Gflops", "dgemm_single_gflops", 1.0),
    ("PTRANS_GBs", "ptrans_gb_s", 1.0),
    ("MPIRandomAccess_GUPs", "random_access_mpi_gups", 1.0),
    ("StarRandomAccess_GUPs", "random_access_star_gups", 1.0),
    ("SingleRandomAccess_GUPs", "random_access_single_gups", 1.0),
    ("MPIRandomAccess_LCG_GUPs", "random_access_lcg_mpi_gups", 1.0),
    ("StarRandomAccess_LCG_GUPs", "random_access_lcg_star_gups", 1.0),
    ("SingleRandomAccess_LCG_GUPs", "random_access_lcg_single_gups", 1.0),
    ("StarSTREAM_Copy", "stream_star_copy_gb_s", 1.0),
    ("StarSTREAM_Scale", "stream_star_scale_gb_s", 1.0),
    ("StarSTREAM_Add", "stream_star_add_gb_s", 1.0),
    ("StarSTREAM_Triad", "stream_star_triad_gb_s", 1.0),
    ("SingleSTREAM_Copy", "stream_single_copy_gb_s", 1.0),
    ("SingleSTREAM_Scale", "stream_single_scale_gb_s", 1.0),
    ("SingleSTREAM_Add", "stream_single_add_gb_s", 1.0),
    ("SingleSTREAM_Triad", "stream_single_triad_gb_s", 1.0),
    ("MPIFFT_Gflops", "fft_mpi_gflops", 1.0),
    ("StarFFT_Gflops", "fft_star_gflops", 1.0),
    ("SingleFFT_Gflops", "fft_single_gflops", 1.0),
    ("MinPingPongLatency_usec", "mpi_latency_min_us", 1.0),
    ("AvgPingPongLatency_usec", "mpi_latency_avg_us", 1.0),
    ("MaxPingPongLatency_usec", "mpi_latency_max_us", 1.0),
    ("MinPingPongBandwidth_GBytes", "mpi_bandwidth_min_gb_s", 1.0),
    ("AvgPingPongBandwidth_GBytes", "mpi_bandwidth_avg_gb_s", 1.0),
    ("MaxPingPongBandwidth_GBytes", "mpi_bandwidth_max_gb_s", 1.0),
    ("NaturallyOrderedRingLatency_usec", "ring_natural_latency_us", 1.0),
    ("RandomlyOrderedRingLatency_usec", "ring_random_latency_us", 1.0),
    ("NaturallyOrderedRingBandwidth_GBytes", "ring_natural_bandwidth_gb_s", 1.0),
    ("RandomlyOrderedRingBandwidth_GBytes", "ring_random_bandwidth_gb_s", 1.0),
];

/// Keys of a whole summary of version 1.5.
pub const KEYS: usize = 148;

/// How a line of a section gives a figure.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// The number that follows these words.
    After(&'static str),
    /// The number at the beginning of a line that ends so.
    Before(&'static str),
    /// The nth of `a / b / c` after these words.
    Nth(&'static str, usize),
    /// The nth word of a line that begins with this one.
    Word(&'static str, usize),
}

use Place::{After, Before, Nth, Word};

const AVERAGE: Place = After("Average Gflop/s ");
const GUPS: Place = Before(" Updates    per second [GUP/s]");
const LATENCY: &str = "Latency   min / avg / max:";
const BANDWIDTH: &str = "Bandwidth min / avg / max:";
/// ms to µs.
const MS: f64 = 1e3;
/// MB/s to GB/s.
const MB: f64 = 1e-3;

/// Section, where in it, the metric, and the factor to the metric's unit. The last line of a kind counts.
pub const SECTIONS: &[(&str, Place, &str, f64)] = &[
    ("MPIRandomAccess", GUPS, "random_access_mpi_gups", 1.0),
    ("StarRandomAccess", After("Average GUP/s "), "random_access_star_gups", 1.0),
    ("SingleRandomAccess", After("Single GUP/s "), "random_access_single_gups", 1.0),
    ("MPIRandomAccess_LCG", GUPS, "random_access_lcg_mpi_gups", 1.0),
    ("StarRandomAccess_LCG", After("Average GUP/s "), "random_access_lcg_star_gups", 1.0),
    ("SingleRandomAccess_LCG", After("Single GUP/s "), "random_access_lcg_single_gups", 1.0),
    ("PTRANS", Word("WALL", 9), "ptrans_gb_s", 1.0),
    ("StarDGEMM", AVERAGE, "dgemm_star_gflops", 1.0),
    ("SingleDGEMM", After("Single DGEMM Gflop/s "), "dgemm_single_gflops", 1.0),
    ("StarSTREAM", After("Average Copy GB/s "), "stream_star_copy_gb_s", 1.0),
    ("StarSTREAM", After("Average Scale GB/s "), "stream_star_scale_gb_s", 1.0),
    ("StarSTREAM", After("Average Add GB/s "), "stream_star_add_gb_s", 1.0),
    ("StarSTREAM", After("Average Triad GB/s "), "stream_star_triad_gb_s", 1.0),
    ("SingleSTREAM", After("Single STREAM Copy GB/s "), "stream_single_copy_gb_s", 1.0),
    ("SingleSTREAM", After("Single STREAM Scale GB/s "), "stream_single_scale_gb_s", 1.0),
    ("SingleSTREAM", After("Single STREAM Add GB/s "), "stream_single_add_gb_s", 1.0),
    ("SingleSTREAM", After("Single STREAM Triad GB/s "), "stream_single_triad_gb_s", 1.0),
    ("MPIFFT", After("Gflop/s:"), "fft_mpi_gflops", 1.0),
    ("StarFFT", AVERAGE, "fft_star_gflops", 1.0),
    ("SingleFFT", After("Single FFT Gflop/s "), "fft_single_gflops", 1.0),
    ("LatencyBandwidth", Nth(LATENCY, 0), "mpi_latency_min_us", MS),
    ("LatencyBandwidth", Nth(LATENCY, 1), "mpi_latency_avg_us", MS),
    ("LatencyBandwidth", Nth(LATENCY, 2), "mpi_latency_max_us", MS),
    ("LatencyBandwidth", Nth(BANDWIDTH, 0), "mpi_bandwidth_min_gb_s", MB),
    ("LatencyBandwidth", Nth(BANDWIDTH, 1), "mpi_bandwidth_avg_gb_s", MB),
    ("LatencyBandwidth", Nth(BANDWIDTH, 2), "mpi_bandwidth_max_gb_s", MB),
    ("LatencyBandwidth", After("On naturally ordered ring: latency="), "ring_natural_latency_us", MS),
    ("LatencyBandwidth", After("Randomly Ordered Ring Latency:"), "ring_random_latency_us", MS),
    ("LatencyBandwidth", After("Naturally Ordered Ring Bandwidth:"), "ring_natural_bandwidth_gb_s", MB),
    ("LatencyBandwidth", After("Randomly  Ordered Ring Bandwidth:"), "ring_random_bandwidth_gb_s", MB),
];

impl Place {
    /// The number's text in this line.
    pub fn find(self, line: &str) -> Option<&str> {
        match self {
            After(words) => behind(line, words)?.split([' ', '\t', ',']).find(|word| !word.is_empty()),
            Before(words) => {
                line.trim_ascii_end().ends_with(words).then(|| line.split_ascii_whitespace().next()).flatten()
            }
            Word(first, nth) => behind(line, first).and_then(|_| line.split_ascii_whitespace().nth(nth)),
            Nth(words, nth) => behind(line, words)?.split(['/', ' ']).filter(|word| !word.is_empty()).nth(nth),
        }
    }
}
