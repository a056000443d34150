--- The figures of a network comparison, in the order a reader asks for them.

local figures = {}

--- Throughput over time and per case, latency per case, and what they cost.
function figures.network()
  report.chart { title = "Throughput over time", metric = "throughput_gbit_s", kind = "line", x = "second" }
  report.table { title = "Throughput", metric = "throughput_gbit_s" }
  report.chart { title = "Latency", metric = "ping_median_ms" }
  report.table { title = "Latency, median", metric = "ping_median_ms" }
  report.table { title = "Latency, 95th percentile", metric = "ping_p95_ms" }
  report.table { title = "CPU time per gigabyte", metric = "cpu_s_per_gb" }
  report.table { title = "Retransmissions", metric = "retransmits" }
end

return figures
