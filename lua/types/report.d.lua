---@meta

--- What the report shows, in the order of the calls. Nothing is drawn while the recipe runs: the wishes are kept with
--- the samples, so that `labkit report` can render them again.
---@class report
report = {}

--- Lines over a label, or a box for each case.
---@alias ChartKind "line"|"box"

--- A metric of the registry. Its unit is part of its name.
---@alias Metric
---| "build_cpu_ms"
---| "build_ms"
---| "cpu_s_per_gb"
---| "cwnd_kb"
---| "dgemm_single_gflops"
---| "dgemm_star_gflops"
---| "disk_backward_read_mb_s"
---| "disk_fread_mb_s"
---| "disk_freread_mb_s"
---| "disk_frewrite_mb_s"
---| "disk_fwrite_mb_s"
---| "disk_random_read_mb_s"
---| "disk_random_write_mb_s"
---| "disk_read_mb_s"
---| "disk_record_rewrite_mb_s"
---| "disk_reread_mb_s"
---| "disk_rewrite_mb_s"
---| "disk_stride_read_mb_s"
---| "disk_write_mb_s"
---| "down_ms"
---| "fft_mpi_gflops"
---| "fft_single_gflops"
---| "fft_star_gflops"
---| "hpl_gflops"
---| "hpl_residual"
---| "hpl_s"
---| "mpi_bandwidth_avg_gb_s"
---| "mpi_bandwidth_max_gb_s"
---| "mpi_bandwidth_min_gb_s"
---| "mpi_latency_avg_us"
---| "mpi_latency_max_us"
---| "mpi_latency_min_us"
---| "phase_s"
---| "ping_avg_ms"
---| "ping_loss_percent"
---| "ping_max_ms"
---| "ping_median_ms"
---| "ping_min_ms"
---| "ping_ms"
---| "ping_p95_ms"
---| "ping_p99_ms"
---| "ptrans_gb_s"
---| "random_access_lcg_mpi_gups"
---| "random_access_lcg_single_gups"
---| "random_access_lcg_star_gups"
---| "random_access_mpi_gups"
---| "random_access_single_gups"
---| "random_access_star_gups"
---| "reachable_percent"
---| "retransmits"
---| "ring_natural_bandwidth_gb_s"
---| "ring_natural_latency_us"
---| "ring_random_bandwidth_gb_s"
---| "ring_random_latency_us"
---| "stream_single_add_gb_s"
---| "stream_single_copy_gb_s"
---| "stream_single_scale_gb_s"
---| "stream_single_triad_gb_s"
---| "stream_star_add_gb_s"
---| "stream_star_copy_gb_s"
---| "stream_star_scale_gb_s"
---| "stream_star_triad_gb_s"
---| "sysbench_cpu_events_s"
---| "sysbench_latency_avg_ms"
---| "sysbench_latency_max_ms"
---| "sysbench_latency_min_ms"
---| "sysbench_latency_p95_ms"
---| "sysbench_memory_mib_s"
---| "throughput_gbit_s"
---| "udp_jitter_ms"
---| "udp_loss_percent"

---@class Chart
---@field title string  heading of the figure
---@field metric Metric  what is drawn
---@field kind ChartKind?  `line` over a label, or `box` for each case; "box" unless given
---@field x string?  for a line: the label that runs along the x axis, such as "second"; none unless given

---@class Note
---@field text string  the sentence

---@class Table
---@field title string  heading of the table
---@field metric Metric  what the rows are of

--- Adds a figure.
---
--- Fails on a metric that the registry does not have, with the nearest one as the hint.
---
---```lua
---report.chart { title = "Latency", metric = "ping_median_ms" }
---report.chart { title = "Throughput over time", metric = "throughput_gbit_s", kind = "line", x = "second" }
---```
---@param args Chart
function report.chart(args) end

--- Adds a sentence.
---
--- Fails on anything but a text.
---
---```lua
---report.note "The underlay takes 50 bytes more, so that all cases carry packets of the same size."
---report.table { title = "Throughput", metric = "throughput_gbit_s" }
---```
---@param args string|Note  the sentence, or a table with `text`
function report.note(args) end

--- Adds a table with one row for each case: how many rounds, median, quartiles, ratio to the first case with its 95 %
--- interval, verdict.
---
--- Fails on a metric that the registry does not have, with the nearest one as the hint.
---
---```lua
---report.table { title = "Throughput", metric = "throughput_gbit_s" }
---report.table { title = "Latency, 95th percentile", metric = "ping_p95_ms" }
---```
---@param args Table
function report.table(args) end
