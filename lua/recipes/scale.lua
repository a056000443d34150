--- How long does it take to build a network of N hosts, and to take it down?

lab.params {
  shape = { default = "star", one_of = { "star", "linear", "pairs" }, help = "star, chain of switches, or bare cables" },
  n = { default = 100, min = 1, max = 4000, help = "hosts, or cables for pairs" },
  rounds = { default = 3, min = 1, max = 100, help = "how often it is built and taken down" },
  reach = { default = false, help = "also measure who reaches whom" },
}

local case = lab.p.shape .. " of " .. lab.p.n

for _ = 1, lab.p.rounds do
  if lab.p.shape == "pairs" then
    local a, b = net.ns "a", net.ns "b"
    for i = 1, lab.p.n do
      local net8 = string.format("10.%d.%d", i // 256, i % 256)
      net.veth {
        a = { ns = a, name = "a" .. i, addr = net8 .. ".1/24" },
        b = { ns = b, name = "b" .. i, addr = net8 .. ".2/24" },
      }
    end
  else
    net[lab.p.shape](lab.p.n)
  end
  net.up { case = case }
  if lab.p.reach then
    net.ping_all { case = case }
  end
  net.down { case = case }
end

report.table { title = "Built and settled", metric = "build_ms" }
report.table { title = "CPU time to build", metric = "build_cpu_ms" }
report.table { title = "Taken down, all gone", metric = "down_ms" }
if lab.p.reach then
  report.table { title = "Reach", metric = "reachable_percent" }
end
