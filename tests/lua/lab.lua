--- `lab`, `report` and what the world around a recipe is.

lab.params { n = 3, share = 0.5, name = { default = "x", one_of = { "x", "y" } }, on = false }
assert(lab.p.n == 3 and lab.p.share == 0.5 and lab.p.name == "x" and lab.p.on == false)
assert(not pcall(function() return lab.p.m end))

report.note "A sentence."
report.note { text = "Another." }
report.table { title = "Throughput", metric = "throughput_gbit_s" }
report.chart { title = "Throughput", metric = "throughput_gbit_s", kind = "line", x = "second" }
report.chart { title = "Latency", metric = "ping_median_ms" }
assert(not pcall(report.chart, { title = "x", metric = "ping_median_ms", kind = "pie" }))

-- No files, no programs, no loading of code, no change of the world.
for _, name in ipairs { "io", "os", "debug", "package", "load", "loadfile", "dofile", "collectgarbage" } do
  assert(not pcall(function() return _G[name] end), name)
end
assert(string.dump == nil)
assert(not pcall(function() net.extra = 1 end) and not pcall(function() extra = 1 end))
assert(getmetatable(net) == false and getmetatable(_G) == false)
assert(require "figures" == require "figures")

-- A float that is whole is a whole number.
net.ns "a"
net.veth { mtu = 3000 / 2, a = { ns = "a", name = "x" }, b = { name = "y" } }
print("said", 1, true, nil)
