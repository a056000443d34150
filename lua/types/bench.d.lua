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

--- A host that is measured from here: a machine of the lab, reached by ssh, or a pod, reached through the cluster.
---@class Host
---@field name string  what its figures are told under
---@field address string  by which other hosts reach it
---@field slots integer?  ranks that it takes, 1 to 4096; 1 unless given
---@field pod string?  `"NAMESPACE/NAME"`; a machine unless given

--- Where the ranks of an MPI job run. mpirun runs on this machine, or in the first host where that is a pod.
---@class Job
---@field hosts Host[]  in the order of their ranks; all machines, or all pods
---@field network string|string[]  networks that ranks talk over: `"192.168.56.0/24"`
---@field agent "labkit"|"ssh"|nil  begins Open MPI's daemons in pods; "labkit" unless given, which needs nothing there
---@field mca table<string, string>?  MCA parameters besides those that labkit sets

---@class HpccInput
---@field file string?  an input file, which the rest changes; the report's unless given
---@field n integer?  order of the matrix
---@field nb integer?  block size
---@field p integer?  rows of the grid of ranks; with `q` as square as can be unless given
---@field q integer?  columns

---@class Hpcc
---@field case string  what its figures are told under
---@field job Job
---@field input string|HpccInput|nil  path of an input file, or what is to be other than in the report's
---@field blas "optimised"|"any"|nil  "optimised" refuses the reference BLAS, and different ones; so unless given
---@field expected_s number?  seconds that HPL is expected to take, told beside those it took
---@field limit_s integer?  seconds after which it is ended, 1 to 604800; 3600 unless given
---@field through Through[]?  devices of this machine that the ranks' packets must cross, or must not
---@field round integer?  of a comparison, from 1

--- A device whose counters are read before and after.
---@class Through
---@field device string
---@field crosses boolean?  false for a way that must not be taken; true unless given

---@class CompareHpcc
---@field runs Hpcc[]  ways of running it, each a case; ratios are to the first
---@field rounds integer?  how often each is run, 1 to 1000; 5 unless given
---@field control boolean?  run the first a second time in each round, to know the noise; true unless given
---@field seed integer?  makes the order within the rounds repeatable; chosen and recorded unless given

---@class HpccReport
---@field valid boolean  whether it may be believed
---@field hpl_gflops number
---@field hpl_s number
---@field dgemm_star_gflops number  DGEMM of each rank while all compute
---@field efficiency_percent number  HPL, of all ranks' DGEMM

---@class Advise
---@field job Job
---@field seconds integer?  how long HPL may take, 1 to 86400; 60 unless given
---@field blas "optimised"|"any"|nil  as in `bench.hpcc`

--- An input for HPL, and what is expected of it.
---@class Advice
---@field n integer
---@field nb integer
---@field p integer
---@field q integer
---@field expected_s number
---@field expected_gflops number

---@class Advised
---@field together Advice  for all hosts
---@field alone Advice  for each host by itself
---@field star_gflops number  DGEMM of each rank while all compute
---@field single_gflops number  DGEMM of one rank alone
---@field bandwidth_gb_s number  between two ranks; 0 where there is one

---@class Gathering
---@field job Job
---@field patience integer?  seconds; 900 unless given

---@class HostLink
---@field case string  what its figures are told under
---@field from Host
---@field to Host
---@field count integer?  echo requests, 2 to 60000, the first not counted; 100 unless given
---@field seconds integer?  of one TCP stream by iperf3, 0 to 3600; 3 unless given, none where 0
---@field round integer?  of a comparison, from 1

---@class Sysbench
---@field case string  what its figures are told under
---@field host Host
---@field seconds integer?  of each test, 1 to 3600; 3 unless given
---@field threads integer?  1 to 1024; 1 unless given
---@field round integer?  of a comparison, from 1

--- Measures DGEMM and the network by a short run of HPCC, and advises the largest N that memory and patience allow, with
--- blocks and a grid that suit it. Says where N is too small for the cluster to be faster than one rank.
---
--- Fails as `bench.hpcc` does.
---
---```lua
---local advised = bench.advise { job = job, seconds = 120 }
---bench.hpcc { case = "cluster", job = job, input = { n = advised.together.n, nb = advised.together.nb } }
---```
---@param args Advise
---@return Advised
function bench.advise(args) end

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

--- Runs HPC Challenge in several ways against each other, in rounds of random order, the first twice in each.
---
--- Fails as `bench.hpcc` does.
---@param args CompareHpcc
function bench.compare_hpcc(args) end

--- Runs HPC Challenge on the hosts of a job: `mpirun --hostfile … hpcc`. Each host is asked first, by the same way, what it
--- has: every rank is where it was to be, hpcc is there, its BLAS is a fast one and everywhere the same, and N fits the
--- memory. Ranks are bound and given threads by what CPUs they share. Afterwards what ran is held against what was asked.
---
--- Fails where that cannot be, where hosts are not reached, and at the time limit, with the first cause. What ran and is
--- not to be believed is kept, and makes the run invalid.
---
---```lua
---local job = { hosts = { { name = "node01", address = "192.168.56.11" } }, network = "192.168.56.0/24" }
---bench.hpcc { case = "node01", job = job, input = { n = 5000, nb = 192 } }
---```
---@param args Hpcc
---@return HpccReport
function bench.hpcc(args) end

--- Measures the way from one host to another: echo packets of labkit's own, and one stream of iperf3.
---
--- Fails where a host is not reached, or iperf3 is not installed on both.
---@param args HostLink
function bench.link(args) end

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

--- Waits until mpirun reaches every host of a job, and hpcc is on each.
---
--- Fails with what lacks where it is not so in time.
---@param args Gathering
function bench.ready(args) end

--- Measures processor and memory of a host: `sysbench cpu run`, `sysbench memory run`.
---
--- Fails where sysbench is not installed there.
---@param args Sysbench
function bench.sysbench(args) end

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
