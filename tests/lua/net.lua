--- Every function of `net`, on the real kernel.

local a, b = net.ns "a", net.ns { name = "b", ipv6 = true }
assert(a == "a" and b == "b")

-- A router between two networks, with a route on either side.
local r = net.ns { name = "r", forward = true }
net.veth { a = { ns = a, name = "eth0", addr = "10.0.1.2/24" }, b = { ns = r, name = "left", addr = "10.0.1.1/24" } }
net.veth { a = { ns = b, name = "eth0" }, b = { ns = r, name = "right", addr = "10.0.2.1/24" } }
net.addr { dev = "b/eth0", addr = { "10.0.2.2/24", "fd00::2/64" } }
net.route { ns = a, to = "default", via = "10.0.1.1" }
net.route { ns = b, to = "10.0.1.0/24", via = "10.0.2.1" }
net.sysctl { ns = r, key = "net.ipv4.conf.all.send_redirects", value = 0 }

local up = net.up()
assert(up.namespaces == 4 and up.devices == 4 and up.build_ms > 0, up.devices)
assert(net.prove { case = "routed", from = a, to = "10.0.2.2", through = { "r/left", "r/right" } })

local counted = net.counters { devs = "r/left" }
assert(counted["r/left"].rx_packets >= 20 and counted["r/left"].tx_errors == 0)
assert(next(net.counters()) ~= nil)

-- More may be declared after the first use.
net.bridge { name = "br0" }
net.veth { a = { ns = a, name = "eth1", addr = "10.0.3.1/24" }, b = { name = "p1", master = "br0" } }
net.veth { a = { ns = b, name = "eth1", addr = "10.0.3.2/24" }, b = { name = "p2", master = "br0" } }
assert(net.prove { case = "switched", from = b, to = "10.0.3.1", through = { "br0", "p1" } })

local reach = net.ping_all { hosts = { "a", "b" } }
assert(reach.pairs == 2 and reach.reached == 2 and reach.percent == 100)
assert(net.down().down_ms >= 0)

-- Everything is gone, so that the same names are free again.
local star = net.star(3)
assert(#star.hosts == 3 and star.addrs[2] == "10.0.0.2" and star.switches[1] == "s1")
assert(net.ping_all().percent == 100)
net.down {}
local line = net.linear { n = 3, subnet = "10.7.0.0/24" }
assert(line.addrs[3] == "10.7.0.3" and #line.switches == 3)
assert(net.ping_all().percent == 100)
net.down {}
local tree = net.tree { depth = 2, fanout = 2 }
assert(#tree.hosts == 4 and #tree.switches == 3)
assert(net.ping_all().reached == 12)
net.down {}
net.topology { hosts = { "x", "y" }, switches = { "sw" }, links = { { "x", "sw" }, { "y", "sw" } } }
assert(net.prove { case = "sketched", from = "x", to = "10.0.0.2", through = { "sw" } })

-- A VXLAN by its two ends, and one spanning tree that is waited for.
net.ns "l"
net.ns "m"
net.veth { mtu = 1600, a = { ns = "l", name = "u", addr = "10.8.0.1/24" }, b = { ns = "m", name = "u", addr = "10.8.0.2/24" } }
net.vtep { ns = "l", name = "v", vni = 7, port = 14789, underlay = "10.8.0.1", remote = "10.8.0.2", addr = "10.9.0.1/24" }
net.vtep { ns = "m", name = "v", vni = 7, port = 14789, underlay = "10.8.0.2", remote = "10.8.0.1", addr = "10.9.0.2/24" }
assert(net.prove { case = "vteps", from = "l", to = "10.9.0.2", through = "l/v", encap = { vni = 7, port = 14789 } })

-- An address may come to a tunnel later.
net.addr { dev = "l/v", addr = "10.9.1.1/24" }
net.addr { dev = "m/v", addr = "10.9.1.2/24" }
assert(net.prove { case = "later", from = "l", to = "10.9.1.2", through = "l/v" })

-- With both families a proof still holds, and a device keeps its IPv6 address through the counter-check.
net.ns "p"
net.ns "q"
for i = 1, 2 do
  net.veth {
    a = { ns = "p", name = "d" .. i, addr = { "10.20." .. i .. ".1/24", "fd0" .. i .. "::1/64" } },
    b = { ns = "q", name = "d" .. i, addr = { "10.20." .. i .. ".2/24", "fd0" .. i .. "::2/64" } },
  }
end
assert(net.prove { case = "both", from = "p", to = "10.20.1.2", through = { "p/d1", "q/d1" } })
