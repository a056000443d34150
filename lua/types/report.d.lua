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
---| "down_ms"
---| "ping_loss_percent"
---| "ping_max_ms"
---| "ping_median_ms"
---| "ping_min_ms"
---| "ping_p95_ms"
---| "ping_p99_ms"
---| "reachable_percent"
---| "retransmits"
---| "throughput_gbit_s"

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
