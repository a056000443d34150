//! The metric registry: every metric that a sample may carry, alphabetically.

use super::metric::{
    Better::{self, Less, More},
    Metric,
};

const fn metric(
    name: &'static str,
    unit: &'static str,
    title: &'static str,
    better: Better,
    plausible: (f64, f64),
    digits: i32,
) -> Metric {
    Metric { name, unit, title, better, plausible, digits }
}

/// A day, the longest that anything here takes.
const DAY_MS: f64 = 86_400_000.0;

#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    metric("build_cpu_ms", "ms", "CPU time to build", Less, (0.0, DAY_MS), 3),
    metric("build_ms", "ms", "time to build and settle", Less, (0.0, DAY_MS), 3),
    metric("cpu_s_per_gb", "s/GB", "CPU time per gigabyte", Less, (0.0001, 10_000.0), 3),
    metric("cwnd_kb", "kB", "congestion window", More, (0.0, 10_000_000.0), 3),
    metric("dgemm_single_gflops", "GFLOPS", "DGEMM of one rank alone", More, (0.001, 1_000_000.0), 3),
    metric("dgemm_star_gflops", "GFLOPS", "DGEMM of each rank, all at once", More, (0.001, 1_000_000.0), 3),
    metric("disk_backward_read_mb_s", "MB/s", "file backward read", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_fread_mb_s", "MB/s", "file fread", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_freread_mb_s", "MB/s", "file freread", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_frewrite_mb_s", "MB/s", "file frewrite", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_fwrite_mb_s", "MB/s", "file fwrite", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_random_read_mb_s", "MB/s", "file random read", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_random_write_mb_s", "MB/s", "file random write", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_read_mb_s", "MB/s", "file read", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_record_rewrite_mb_s", "MB/s", "file record rewrite", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_reread_mb_s", "MB/s", "file reread", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_rewrite_mb_s", "MB/s", "file rewrite", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_stride_read_mb_s", "MB/s", "file stride read", More, (0.000_1, 1_000_000.0), 3),
    metric("disk_write_mb_s", "MB/s", "file write", More, (0.000_1, 1_000_000.0), 3),
    metric("down_ms", "ms", "time to take down", Less, (0.0, DAY_MS), 3),
    metric("fft_mpi_gflops", "GFLOPS", "FFT over all ranks", More, (0.000_01, 1_000_000.0), 3),
    metric("fft_single_gflops", "GFLOPS", "FFT of one rank alone", More, (0.000_1, 1_000_000.0), 3),
    metric("fft_star_gflops", "GFLOPS", "FFT of each rank, all at once", More, (0.000_1, 1_000_000.0), 3),
    metric("hpl_efficiency_percent", "%", "HPL, of all ranks' DGEMM", More, (0.01, 1_000.0), 3),
    metric("hpl_gflops", "GFLOPS", "HPL", More, (0.001, 1_000_000.0), 4),
    metric("hpl_network_percent", "%", "HPL, time of the network", Less, (0.0, 100.0), 3),
    metric("hpl_residual", "", "scaled residual of HPL", Less, (0.0, 1e300), 4),
    metric("hpl_s", "s", "time of HPL", Less, (0.000_1, 864_000.0), 4),
    metric("mpi_bandwidth_avg_gb_s", "GB/s", "MPI ping-pong bandwidth, mean", More, (0.000_001, 10_000.0), 3),
    metric("mpi_bandwidth_max_gb_s", "GB/s", "MPI ping-pong bandwidth, largest", More, (0.000_001, 10_000.0), 3),
    metric("mpi_bandwidth_min_gb_s", "GB/s", "MPI ping-pong bandwidth, least", More, (0.000_001, 10_000.0), 3),
    metric("mpi_latency_avg_us", "µs", "MPI ping-pong latency, mean", Less, (0.01, 10_000_000.0), 3),
    metric("mpi_latency_max_us", "µs", "MPI ping-pong latency, largest", Less, (0.01, 10_000_000.0), 3),
    metric("mpi_latency_min_us", "µs", "MPI ping-pong latency, least", Less, (0.01, 10_000_000.0), 3),
    metric("phase_s", "s", "time of a phase", Less, (0.0, 864_000.0), 3),
    metric("ping_avg_ms", "ms", "round trip, mean", Less, (0.0005, 60_000.0), 3),
    metric("ping_loss_percent", "%", "packets lost", Less, (0.0, 100.0), 3),
    metric("ping_max_ms", "ms", "slowest round trip", Less, (0.0005, 60_000.0), 3),
    metric("ping_median_ms", "ms", "round trip, median", Less, (0.0005, 60_000.0), 3),
    metric("ping_min_ms", "ms", "fastest round trip", Less, (0.0005, 60_000.0), 3),
    metric("ping_ms", "ms", "round trip", Less, (0.0005, 60_000.0), 3),
    metric("ping_p95_ms", "ms", "round trip, 95th percentile", Less, (0.0005, 60_000.0), 3),
    metric("ping_p99_ms", "ms", "round trip, 99th percentile", Less, (0.0005, 60_000.0), 3),
    metric("ptrans_gb_s", "GB/s", "matrix transposition", More, (0.000_001, 100_000.0), 3),
    metric("random_access_lcg_mpi_gups", "GUP/s", "random updates over all ranks, LCG generator", More, (0.000_000_1, 1_000.0), 3),
    metric("random_access_lcg_single_gups", "GUP/s", "random updates of one rank alone, LCG generator", More, (0.000_001, 1_000.0), 3),
    metric("random_access_lcg_star_gups", "GUP/s", "random updates of each rank, all at once, LCG generator", More, (0.000_001, 1_000.0), 3),
    metric("random_access_mpi_gups", "GUP/s", "random updates over all ranks", More, (0.000_000_1, 1_000.0), 3),
    metric("random_access_single_gups", "GUP/s", "random updates of one rank alone", More, (0.000_001, 1_000.0), 3),
    metric("random_access_star_gups", "GUP/s", "random updates of each rank, all at once", More, (0.000_001, 1_000.0), 3),
    metric("reachable_percent", "%", "pairs that reach each other", More, (0.0, 100.0), 3),
    metric("retransmits", "segments", "TCP retransmissions", Less, (0.0, 1e12), 3),
    metric("ring_natural_bandwidth_gb_s", "GB/s", "ring bandwidth, naturally ordered", More, (0.000_001, 10_000.0), 3),
    metric("ring_natural_latency_us", "µs", "ring latency, naturally ordered", Less, (0.01, 10_000_000.0), 3),
    metric("ring_random_bandwidth_gb_s", "GB/s", "ring bandwidth, randomly ordered", More, (0.000_001, 10_000.0), 3),
    metric("ring_random_latency_us", "µs", "ring latency, randomly ordered", Less, (0.01, 10_000_000.0), 3),
    metric("stream_single_add_gb_s", "GB/s", "memory bandwidth, add, of one rank alone", More, (0.01, 100_000.0), 3),
    metric("stream_single_copy_gb_s", "GB/s", "memory bandwidth, copy, of one rank alone", More, (0.01, 100_000.0), 3),
    metric("stream_single_scale_gb_s", "GB/s", "memory bandwidth, scale, of one rank alone", More, (0.01, 100_000.0), 3),
    metric("stream_single_triad_gb_s", "GB/s", "memory bandwidth, triad, of one rank alone", More, (0.01, 100_000.0), 3),
    metric("stream_star_add_gb_s", "GB/s", "memory bandwidth, add, of each rank, all at once", More, (0.01, 100_000.0), 3),
    metric("stream_star_copy_gb_s", "GB/s", "memory bandwidth, copy, of each rank, all at once", More, (0.01, 100_000.0), 3),
    metric("stream_star_scale_gb_s", "GB/s", "memory bandwidth, scale, of each rank, all at once", More, (0.01, 100_000.0), 3),
    metric("stream_star_triad_gb_s", "GB/s", "memory bandwidth, triad, of each rank, all at once", More, (0.01, 100_000.0), 3),
    metric("sysbench_cpu_events_s", "events/s", "sysbench cpu", More, (0.001, 1e9), 4),
    metric("sysbench_latency_avg_ms", "ms", "sysbench, mean time of an event", Less, (0.0, DAY_MS), 3),
    metric("sysbench_latency_max_ms", "ms", "sysbench, longest event", Less, (0.0, DAY_MS), 3),
    metric("sysbench_latency_min_ms", "ms", "sysbench, shortest event", Less, (0.0, DAY_MS), 3),
    metric("sysbench_latency_p95_ms", "ms", "sysbench, 95th percentile of an event", Less, (0.0, DAY_MS), 3),
    metric("sysbench_memory_mib_s", "MiB/s", "sysbench memory", More, (0.001, 1e9), 4),
    metric("throughput_gbit_s", "Gbit/s", "throughput", More, (0.000_001, 10_000.0), 3),
    metric("udp_jitter_ms", "ms", "jitter of UDP", Less, (0.0, 60_000.0), 3),
    metric("udp_loss_percent", "%", "datagrams lost", Less, (0.0, 100.0), 3),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_sorted_and_its_ranges_are_ranges() {
        assert!(METRICS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(METRICS.iter().all(|metric| metric.plausible.0 < metric.plausible.1));
    }

    #[test]
    fn every_name_ends_in_its_unit() {
        for metric in METRICS.iter().filter(|metric| !["retransmits", "hpl_residual"].contains(&metric.name)) {
            let unit = metric.unit.to_lowercase().replace('%', "percent").replace('µ', "u");
            let unit = unit.replace("gup/s", "gups").replace("s/gb", "s_per_gb").replace('/', "_");
            assert!(metric.name.ends_with(&unit), "{} is in {}", metric.name, metric.unit);
        }
    }
}
