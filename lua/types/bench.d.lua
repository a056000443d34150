---@meta

--- Latency and throughput of cases that `net.prove` proved. Each sample is on disk as soon as it is taken, marked
--- invalid where the proof of its case did not hold.
---
--- Under `labkit plan`, `labkit explain` and `labkit run --build-only` nothing is measured, and the figures are zero.
---@class bench
bench = {}

--- Who sends the echo packets: labkit itself, or the `ping` of iputils where that is installed.
---@alias PingEngine "own"|"ping"

--- Who sends the stream: labkit itself, or `iperf3` where that is installed.
---@alias TcpEngine "own"|"iperf3"

---@class Ping
---@field case string?  name of a proved case; left out inside `bench.compare`
---@field count integer?  echo requests, 2 to 60000, the first not counted since it finds the neighbor; 200 unless given
---@field interval_ms number?  ms from one request to the next, 0 to 60000; 5 unless given
---@field size integer?  bytes of payload, 16 to 65507; 56 unless given
---@field engine PingEngine?  who measures; "own" unless given

--- Round-trip times of one burst. Without an answer all times are 0.
---@class PingReport
---@field sent integer  requests that count
---@field received integer  answers to them
---@field loss_percent number  requests without an answer, 0 to 100
---@field min_ms number  fastest round trip in ms
---@field median_ms number  median in ms
---@field p95_ms number  95th percentile in ms
---@field p99_ms number  99th percentile in ms
---@field max_ms number  slowest round trip in ms
---@field ttl integer?  time to live of the first answer; none without an answer

---@class Tcp
---@field case string?  name of a proved case; left out inside `bench.compare`
---@field seconds integer?  length of the stream in s, 1 to 3600; 3 unless given
---@field engine TcpEngine?  who measures; "own" unless given

--- One TCP stream.
---@class TcpReport
---@field gbit_s number  what the receiver received, in Gbit/s
---@field intervals_gbit_s number[]  the same for each whole second
---@field retransmits integer  segments sent again
---@field cwnd_kb number  largest congestion window seen, in kB
---@field cpu_s_per_gb number  CPU time of both ends in s per 10⁹ bytes

---@class Compare
---@field cases string[]  names of proved cases; ratios are to the first
---@field ping Ping?  measure latency so, without `case`
---@field tcp Tcp?  measure throughput so, without `case`; `ping`, `tcp` or both must be given
---@field rounds integer?  how often each case is measured, 1 to 1000; 5 unless given
---@field control boolean?  measure the first case a second time in each round, to know the noise; true unless given
---@field seed integer?  makes the order within the rounds repeatable; chosen and recorded unless given

--- What was measured.
---@class Compared
---@field rounds integer  how many rounds
---@field cases string[]  the cases, without the control
---@field seed integer  the seed that was used

--- Measures cases against each other in rounds. In each round every case has its turn, in random order, and the first
--- case has two: what it differs from itself by is noise. `report.table` shows each case's ratio to the first, and says
--- `better` or `worse` only where that lies apart from 1 and from the noise; fewer than 5 rounds are too few to say.
--- (`ping` and `iperf3`, for each case in each round.)
---
--- Fails where a case was not proved or is named twice, nothing is to be measured, or a number is out of range.
---
---```lua
---bench.compare { cases = { "veth", "bridge" }, ping = { count = 200 }, tcp = { seconds = 3 }, rounds = 5 }
---report.table { title = "Throughput", metric = "throughput_gbit_s" }
---```
---@param args Compare
---@return Compared
function bench.compare(args) end

--- Measures round-trip times of a case: `ping -c COUNT -i INTERVAL -s SIZE ADDRESS`. Keeps `ping_min_ms`,
--- `ping_median_ms`, `ping_avg_ms`, `ping_p95_ms`, `ping_p99_ms`, `ping_max_ms` and `ping_loss_percent`.
---
--- Fails where the case was not proved, a number is out of range, or the engine asked for is not installed. Lost
--- packets are a result, no failure.
---
---```lua
---local report = bench.ping { case = "veth", count = 1000, interval_ms = 1 }
---print(report.median_ms)
---```
---@param args string|Ping  the name of a case, or a table with `case`
---@return PingReport
function bench.ping(args) end

--- Measures throughput of a case by one TCP stream: `iperf3 -c ADDRESS -t SECONDS`. Keeps `throughput_gbit_s` (as a
--- whole, and for each second), `retransmits`, `cwnd_kb` and `cpu_s_per_gb`.
---
--- Fails where the case was not proved, a number is out of range, the engine asked for is not installed, or no byte
--- passes for 5 s.
---
---```lua
---local report = bench.tcp { case = "veth", seconds = 10 }
---print(report.gbit_s)
---```
---@param args string|Tcp  the name of a case, or a table with `case`
---@return TcpReport
function bench.tcp(args) end
