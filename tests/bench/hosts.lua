--- What does the kernel hold when a lab of N hosts is up, and how soon does taking it down return?

lab.params {
  shape = { default = "star", one_of = { "star", "pairs" }, help = "hosts around a switch, or bare cables" },
  n = { default = 10, min = 1, max = 4000, help = "hosts, or cables for pairs" },
  down = { default = false, help = "take it down and say when that returned" },
}

if lab.p.shape == "star" then
  net.star(lab.p.n)
else
  local a, b = net.ns "a", net.ns "b"
  for i = 1, lab.p.n do
    local net8 = string.format("10.%d.%d", i // 256, i % 256)
    net.veth {
      a = { ns = a, name = "a" .. i, addr = net8 .. ".1/24" },
      b = { ns = b, name = "b" .. i, addr = net8 .. ".2/24" },
    }
  end
end

if lab.p.down then
  net.up { case = "hosts" }
  print(string.format("returned %.3f", net.down({ case = "hosts" }).down_ms))
end
