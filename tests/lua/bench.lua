--- Every function of `bench`, on a cable between two namespaces.

net.ns "a"
net.ns "b"
net.veth { a = { ns = "a", name = "x", addr = "10.0.0.1/24" }, b = { ns = "b", name = "y", addr = "10.0.0.2/24" } }
assert(net.prove { case = "cable", from = "a", to = "10.0.0.2", through = { "a/x", "b/y" } })

local ping = bench.ping { case = "cable", count = 20, interval_ms = 1 }
assert(ping.sent == 19 and ping.received == 19 and ping.loss_percent == 0 and ping.ttl == 64)
assert(0 < ping.min_ms and ping.min_ms <= ping.median_ms and ping.median_ms <= ping.p95_ms)
assert(ping.p95_ms <= ping.p99_ms and ping.p99_ms <= ping.max_ms)
assert(bench.ping "cable".received == 199)

local tcp = bench.tcp { case = "cable", seconds = 2 }
assert(tcp.gbit_s > 0.01 and tcp.cpu_s_per_gb > 0 and tcp.cwnd_kb > 0)
assert(#tcp.intervals_gbit_s == 2, #tcp.intervals_gbit_s)

local compared = bench.compare {
  cases = { "cable" }, rounds = 2, seed = 7,
  ping = { count = 10, interval_ms = 1 }, tcp = { seconds = 1 },
}
assert(compared.rounds == 2 and compared.seed == 7)
assert(not pcall(bench.compare, { cases = { "cable" }, rounds = 0, tcp = {} }))
assert(not pcall(bench.compare, { cases = { "cable" }, rounds = 1, tcp = { seconds = 1 } }), "a run compares once")

-- A proof does not outlive its lab, nor does a loss appear where the sender is fast.
local fast = bench.ping { case = "cable", count = 2000, interval_ms = 0 }
assert(fast.loss_percent == 0, fast.loss_percent)
net.down {}
assert(not pcall(bench.ping, "cable"))
